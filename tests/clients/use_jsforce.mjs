// jsforce: SOAP login, rows, queries, both bulk APIs, metadata.
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
