// @salesforce/mcp, Salesforce's own server of the Model Context Protocol: orgs, queries, deploy, retrieve, permission sets.
import assert from "node:assert";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const found = JSON.parse(process.env.EMULATOR);
const instanceUrl = found.salesforce.http;
const home = join(process.cwd(), "home");
rmSync(home, { recursive: true, force: true }); // of a run before, with the address of another emulator
const directory = join(home, "project");
const rights = join(directory, "force-app/main/default/permissionsets");
mkdirSync(rights, { recursive: true });
const project = { packageDirectories: [{ path: "force-app", default: true }], sourceApiVersion: "66.0" };
writeFileSync(join(directory, "sfdx-project.json"), JSON.stringify(project));
const file = join(rights, "Readers.permissionset-meta.xml");
const xml = '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>Readers</label></PermissionSet>';
writeFileSync(file, `<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n`);

// It takes the logins that Salesforce's tools keep in the user's folder.
Object.assign(process.env, { HOME: home, SF_USE_GENERIC_UNIX_KEYCHAIN: "true", SF_DISABLE_TELEMETRY: "true" });
const { AuthInfo } = await import("@salesforce/core");
const options = { accessToken: found.token, instanceUrl, loginUrl: instanceUrl };
await (await AuthInfo.create({ accessTokenOptions: options })).save();

const usernameOrAlias = found.salesforce.admin;
const sets = "data,orgs,metadata,users";
const args = ["node_modules/@salesforce/mcp/bin/run.js", "-o", usernameOrAlias, "--toolsets", sets, "--no-telemetry"];
const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command: "node", args, env: process.env, stderr: "ignore" }));

async function call(name, input, expected) {
  const told = await client.callTool({ name, arguments: { directory, ...input } }, undefined, { timeout: 120_000 });
  const text = told.content.map((each) => each.text).join("\n");
  assert.ok(!told.isError && text.includes(expected), `${name}: ${text}`);
}

await call("list_all_orgs", {}, found.salesforce.organization_id);
await call("run_soql_query", { usernameOrAlias, query: "SELECT Name, Account.Name FROM Contact" }, '"Person 4"');
await call("run_soql_query", { usernameOrAlias, query: "SELECT Id FROM ApexClass", useToolingApi: true }, '"totalSize": 0');
await call("deploy_metadata", { usernameOrAlias }, '"status":"Succeeded"');
await call("assign_permission_set", { usernameOrAlias, permissionSetName: "Readers" }, "Readers");
rmSync(file);
writeFileSync(join(directory, "package.xml"), `<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
<types><members>Readers</members><name>PermissionSet</name></types><version>66.0</version></Package>`);
await call("retrieve_metadata", { usernameOrAlias, manifest: join(directory, "package.xml") }, '"success":true');
assert.ok(existsSync(file));
await client.close();
