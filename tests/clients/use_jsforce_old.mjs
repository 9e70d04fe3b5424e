// jsforce 1 and 2: SOAP login, rows, queries, Bulk 1.0, metadata, changes.
import assert from "node:assert";
import jsforce from "jsforce";

const found = JSON.parse(process.env.EMULATOR);
const base = found.salesforce.http;
const login = new jsforce.Connection({ loginUrl: base, version: "50.0" });
assert.equal((await login.login(found.salesforce.admin, "x")).id, found.admin_id);

const conn = new jsforce.Connection({ instanceUrl: base, accessToken: found.token, version: "50.0" });
const contact = conn.sobject("Contact");
assert.deepEqual((await contact.create([{ LastName: "New" }, {}])).map((each) => each.success), [true, false]);
assert.equal((await contact.upsert({ Ext__c: "e0", Title: "Dr" }, "Ext__c")).success, true);
assert.equal((await contact.retrieve(found.contacts))[0].Title, "Dr");
assert.equal((await conn.query("SELECT Id FROM Contact")).totalSize, 6);
assert.equal((await contact.find({ LastName: { $like: "Per%" } }, "Id").limit(3).execute()).length, 3);
assert.ok((await contact.describe()).fields.length > 50);
assert.equal((await conn.identity()).user_id, found.admin_id);
const start = new Date(Date.now() - 600_000);
const end = new Date(Date.now() + 120_000);
assert.equal((await contact.updated(start, end)).ids.length, 6);
conn.bulk.pollInterval = 50;
const loaded = await conn.bulk.load("Contact", "insert", [{ LastName: "B1" }, { LastName: "B2" }]);
assert.deepEqual(loaded.map((each) => each.success), [true, true]);
const field = { fullName: "Contact.Zip__c", label: "Zip", type: "Text", length: 20 };
assert.equal((await conn.metadata.create("CustomField", field)).success, true);
assert.equal([await conn.metadata.read("CustomField", "Contact.Zip__c")].flat()[0].label, "Zip");
assert.ok((await conn.metadata.list([{ type: "CustomObject" }], "50.0")).length > 10);
