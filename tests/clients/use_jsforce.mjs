// jsforce: SOAP login, rows, queries, both bulk APIs, the SOAP API, layouts, metadata by components, deploy and retrieve.
import assert from "node:assert";
import jsforce from "jsforce";

const found = JSON.parse(process.env.EMULATOR);
const base = found.salesforce.http;
const login = new jsforce.Connection({ loginUrl: base, version: "60.0" });
const user = await login.login(found.salesforce.admin, "x");
assert.equal(user.id, found.admin_id);

const conn = new jsforce.Connection({ instanceUrl: base, accessToken: found.token, version: "66.0" });
const made = await conn.sobject("Contact").create({ LastName: "New", Ext__c: "new" });
await conn.sobject("Contact").update({ Id: made.id, FirstName: "Ada" });
await conn.sobject("Contact").upsert({ Ext__c: "new", Title: "Dr" }, "Ext__c");
assert.equal((await conn.sobject("Contact").retrieve(made.id)).Name, "Ada New");
const several = await conn.sobject("Contact").create([{ LastName: "A" }, {}], { allOrNone: false });
assert.deepEqual(several.map((each) => each.success), [true, false]);
await conn.sobject("Contact").destroy([made.id, several[0].id]);
const rows = await conn.query("SELECT Id, Account.Name FROM Contact ORDER BY Name").run({ autoFetch: true });
assert.equal(rows.records.length, 5);
assert.equal(rows.records[0].Account.Name, "Acme");
assert.ok((await conn.describe("Contact")).fields.length > 50);
assert.ok((await conn.describeGlobal()).sobjects.length > 10);
assert.equal((await conn.identity()).user_id, found.admin_id);
assert.equal((await conn.search("FIND {Person} RETURNING Contact(Id)")).searchRecords.length, 5);

conn.bulk.pollInterval = 50;
const loaded = await conn.bulk.load("Contact", "insert", [{ LastName: "B1" }, { LastName: "B2" }]);
assert.deepEqual(loaded.map((each) => each.success), [true, true]);
const done = await conn.bulk2.loadAndWaitForResults({
  object: "Contact", operation: "insert", input: [{ LastName: "C1" }, { LastName: "C2" }], pollInterval: 50,
});
assert.equal(done.successfulResults.length, 2);
const stream = await conn.bulk2.query("SELECT Id FROM Contact", { pollInterval: 50 });
assert.equal((await stream.toArray()).length, 9);

const objects = await conn.metadata.list([{ type: "CustomObject" }], "60.0");
assert.ok(objects.some((each) => each.fullName === "Contact"));

const [winner, loser] = [found.contacts[0], found.contacts[1]];
const master = { masterRecord: { type: "Contact", Id: winner }, recordToMergeIds: [loser] };
assert.deepEqual((await conn.soap.merge(master)).mergedRecordIds, [loser]);
assert.deepEqual((await conn.soap.undelete([loser])).map((each) => each.success), [true]);
assert.equal((await conn.soap.getUserInfo()).userId, found.admin_id);
assert.equal((await conn.soap.create([{ type: "Contact", LastName: "Soap" }, { type: "Contact" }]))[1].success, false);

const contact = conn.sobject("Contact");
assert.ok((await contact.layouts()).layouts[0].detailLayoutSections.length > 0);
assert.equal((await contact.compactLayouts()).compactLayouts[0].name, "SYSTEM");
assert.ok((await conn.tabs()).some((tab) => tab.sobjectName === "Contact"));
assert.equal((await conn.query("SELECT Id FROM Contact").explain()).plans[0].sobjectType, "Contact");
const grown = await conn.sobject("Account").find({ Name: "Acme" }).include("Contacts").select("LastName").end();
assert.equal(grown[0].Contacts.totalSize, 3);

const field = { fullName: "Contact.Code__c", label: "Code", type: "Text", length: 20 };
assert.equal((await conn.metadata.create("CustomField", field)).success, true);
assert.equal((await conn.metadata.read("CustomField", "Contact.Code__c")).label, "Code");
const types = [{ members: ["Contact"], name: "CustomObject" }];
const retrieved = await conn.metadata.retrieve({ apiVersion: "60.0", unpackaged: { types, version: "60.0" } }).complete();
assert.ok(retrieved.fileProperties.some((each) => each.fullName === "Contact"));
const deployed = await conn.metadata.deploy(Buffer.from(retrieved.zipFile, "base64"), { rollbackOnError: true }).complete();
assert.equal(deployed.status, "Succeeded");
assert.equal((await conn.metadata.delete("CustomField", "Contact.Code__c")).success, true);
