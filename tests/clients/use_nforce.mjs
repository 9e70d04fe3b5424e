// nforce: password login, rows, queries, search, describe, passwords, refresh.
import assert from "node:assert";
import nforce from "nforce";

const found = JSON.parse(process.env.EMULATOR);
const base = found.salesforce.http;
const org = nforce.createConnection({
  clientId: "client", clientSecret: "s3", redirectUri: "http://localhost:3000/back", apiVersion: "v30.0",
  environment: "sandbox", mode: "single", testLoginUri: `${base}/services/oauth2/token`,
});
await org.authenticate({ username: found.salesforce.admin, password: "x" });

const made = nforce.createSObject("Contact", { LastName: "New", Ext__c: "new" });
assert.equal((await org.insert({ sobject: made })).success, true);
const changed = nforce.createSObject("Contact", { Title: "Dr" });
changed.setExternalId("Ext__c", "new");
await org.upsert({ sobject: changed });
const answer = await org.query({ query: "SELECT Id, Title FROM Contact WHERE Ext__c = 'new'" });
assert.equal(answer.records[0].get("title"), "Dr");
assert.equal((await org.getRecord({ type: "Contact", id: found.contacts[0] })).get("lastname"), "Person 0");
assert.equal((await org.search({ search: "FIND {Person} RETURNING Contact(Id)" })).length, 5);
assert.ok((await org.getDescribe({ type: "Contact" })).fields.length > 50);
assert.equal((await org.getMetadata({ type: "Contact" })).objectDescribe.name, "Contact");
assert.ok((await org.getLimits()).DailyBulkApiRequests.Max > 0);
assert.equal((await org.getIdentity()).username, found.salesforce.admin);
assert.equal((await org.getPasswordStatus({ id: found.admin_id })).isExpired, false);
await org.delete({ sobject: nforce.createSObject("Contact", { Id: found.contacts[1] }) });
assert.equal((await org.query({ query: "SELECT Id FROM Contact" })).totalSize, 5);
const renewed = await org.refreshToken({ oauth: { refresh_token: found.refresh_token, instance_url: base } });
assert.ok(renewed.access_token);
