// @tsmztech/mcp-server-salesforce: its tools, called as an assistant would: objects, fields and their permissions, rows, search.

import assert from "node:assert";

const found = JSON.parse(process.env.EMULATOR);
process.env.SALESFORCE_USERNAME = found.salesforce.admin;
process.env.SALESFORCE_PASSWORD = "x";
process.env.SALESFORCE_TOKEN = "t";
process.env.SALESFORCE_INSTANCE_URL = found.salesforce.https;

const at = "@tsmztech/mcp-server-salesforce/dist";
const { createSalesforceConnection } = await import(`${at}/utils/connection.js`);
const connection = await createSalesforceConnection();

async function call(file, input, expected) {
  const module = await import(`${at}/tools/${file}.js`);
  const [, tool] = Object.entries(module).find(([name]) => name.startsWith("handle"));
  const answer = await tool(connection, input);
  const text = answer.content[0].text;
  assert.ok(!answer.isError && text.includes(expected), `${file}: ${text}`);
}

const contact = { objectName: "Contact" };
const names = { label: "Visit", pluralLabel: "Visits", nameFieldLabel: "Visit Name", nameFieldType: "Text" };
await call("manageObject", { operation: "create", objectName: "Visit", sharingModel: "ReadWrite", ...names }, "Visit__c");
const code = { fieldName: "Code", label: "Code", type: "Text", length: 20, externalId: true };
await call("manageField", { operation: "create", ...contact, ...code }, "granted to: System Administrator");
await call("manageField", { operation: "update", ...contact, fieldName: "Code", label: "Code 2" }, "updated");
const kind = { fieldName: "Kind", label: "Kind", type: "Picklist", picklistValues: [{ label: "A" }, { label: "B" }] };
await call("manageField", { operation: "create", ...contact, ...kind }, "granted to: System Administrator");
await call("manageFieldPermissions", { operation: "revoke", ...contact, fieldName: "Kind" }, "revoked");
await call("manageFieldPermissions", { operation: "grant", ...contact, fieldName: "Kind" }, "created");
const two = [{ LastName: "Alpha", Code__c: "k1", Kind__c: "B" }, { LastName: "Beta", Code__c: "k2" }];
await call("dml", { operation: "insert", ...contact, records: two }, "Successful: 2");
const changed = [{ LastName: "Gamma", Code__c: "k1" }, { LastName: "Delta", Code__c: "k3" }];
await call("dml", { operation: "upsert", ...contact, externalIdField: "Code__c", records: changed }, "Successful: 2");
const fields = ["LastName", "Kind__c", "Account.Name"];
await call("query", { ...contact, fields, whereClause: "Code__c != null", orderBy: "LastName" }, "Query returned 3 records");
const groups = { selectFields: ["Kind__c", "COUNT(Id) n"], groupByFields: ["Kind__c"], havingClause: "COUNT(Id) = 1" };
await call("aggregateQuery", { ...contact, ...groups }, "Kind__c: B");
const search = { searchTerm: "Gamma", searchIn: "ALL FIELDS", objects: [{ name: "Contact", fields: ["Code__c"] }] };
await call("searchAll", search, "Code__c: k1");
