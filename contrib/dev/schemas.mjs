// Holds what `bus catalog` describes to independent validators: the AsyncAPI document
// to the schema that the AsyncAPI Initiative publishes, and the body of every fixture's
// events to its JSON Schema (draft 2020-12). Called by contrib/dev/schemas.sh:
//
//	node check.mjs MODULES ASYNCAPI.json SCHEMAS.json FIXTURES
import { createRequire } from "node:module";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [modules, asyncapiFile, schemasFile, fixtures] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const Ajv = require("ajv").default;
const Ajv2020 = require("ajv/dist/2020").default;
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const options = { strict: false, validateFormats: false, allErrors: true };
let faults = 0;
const fault = (where, errors) => {
  faults++;
  console.log(`${where}: ${JSON.stringify(errors).slice(0, 2000)}`);
};

// That each rule can be broken is shown by breaking it.
const official = new Ajv(options).compile(read(join(modules, "@asyncapi/specs/schemas/3.0.0-without-$id.json")));
const document = read(asyncapiFile);
if (!official(document)) fault("the AsyncAPI document", official.errors);
for (const [what, damage] of Object.entries({
  "another version": (d) => (d.asyncapi = "2.6.0"),
  "no title": (d) => delete d.info.title,
  "an unknown action": (d) => (Object.values(d.operations)[0].action = "take"),
  "an unknown member": (d) => (Object.values(d.channels)[0].topic = "x"),
  "a list of messages": (d) => (Object.values(d.channels)[0].messages = []),
})) {
  const broken = structuredClone(document);
  damage(broken);
  if (official(broken)) fault("the official schema lets pass", what);
}

const ajv = new Ajv2020(options);
const schemas = {};
for (const [topic, schema] of Object.entries(read(schemasFile))) {
  if (!ajv.validateSchema(schema)) fault(`the schema of ${topic}`, ajv.errors);
  schemas[topic] = ajv.compile(schema);
}
const shown = new Set();
let bodies = 0, empty = 0;
for (const dir of readdirSync(fixtures, { withFileTypes: true }).filter((d) => d.isDirectory() && d.name !== "tables")) {
  for (const name of readdirSync(join(fixtures, dir.name)).filter((n) => n.endsWith(".events.json"))) {
    for (const event of read(join(fixtures, dir.name, name)).events ?? []) {
      const valid = schemas[event.topic];
      const where = `${dir.name}/${name} ${event.topic}`;
      if (!valid) {
        fault(where, "has no schema");
        continue;
      }
      bodies++;
      shown.add(event.topic);
      if (!valid(event.body)) fault(where, valid.errors);
      if (valid({})) empty++; // only kinds without a required member may be empty
      if (valid([])) fault(where, "a list passes");
    }
  }
}
for (const topic of Object.keys(schemas)) if (!shown.has(topic)) fault(topic, "has no fixture");
console.log(`${Object.keys(document.channels).length} channels; ${bodies} bodies of ${shown.size} of ${Object.keys(schemas).length} kinds (${empty} with nothing required); ${faults} faults`);
process.exit(faults ? 1 : 0);
