// Reads Kubernetes objects as a JSON list from standard input and prints what the API's schema has against each. Values and what
// is required are judged by the schema; names that it does not know by the types made from it, since it forbids none.
import { execFileSync } from "node:child_process";
import fs from "node:fs";

const objects = JSON.parse(fs.readFileSync(0, "utf-8"));
const lines = [];
let wrong = false;
const say = (text) => {
  wrong = true;
  console.log(text);
};

for (const [index, each] of objects.entries()) {
  const module = `kubernetes-models/${each.apiVersion}/${each.kind}`;
  const { [each.kind]: model } = await import(module);
  try {
    new model(each).validate();
  } catch (fault) {
    say(`${each.kind} ${each.metadata.name}: ${fault.message}`);
  }
  lines.push(`import type { I${each.kind} as Type${index} } from "${module}";`,
    `export const object${index}: Type${index} = ${JSON.stringify(each)};`);
}
fs.writeFileSync("objects.mts", lines.join("\n"));
try {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
    "--moduleResolution", "nodenext", "objects.mts"], { encoding: "utf-8" });
} catch (fault) {
  say(fault.stdout);
}
process.exit(wrong ? 1 : 0);
