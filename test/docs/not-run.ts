/**
 * The one list of command lines in the documentation that no test runs, by page, each with its reason. Their scripts,
 * options and files are checked all the same (`commands.test.ts`), which prints how many they are.
 */

const recursion = "would run the test that reads this";
const minutes = "takes minutes to hours, and measures a machine that does nothing else";
const stances = "the same words as on other pages; test/lab deploys and boots each stance";
const unpublished = "in no registry yet; docs/packages.md installs what is built";

export const notRun: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "README.md": {
    "npm test": recursion,
  },
  "CONTRIBUTING.md": {
    "npm run test:fast": recursion,
    "npm run mocha -- test/trust/readers": recursion,
    "npm test": recursion,
    "npx biome check --write .": "writes into the sources; npm test runs it without --write",
  },
  "docs/how-to/self-signed-to-bootstrap.md": {
    "npm start": stances,
    "npm run preview": stances,
  },
  "packages/kubelet-trust/README.md": {
    "npm install kubelet-trust @pulumi/pulumi @pulumi/kubernetes @pulumi/tls": unpublished,
  },
  "packages/kubelet-trust-policies/README.md": {
    "npm install --save-dev kubelet-trust-policies @pulumi/policy": unpublished,
  },
  "docs/benchmarks.md": {
    "npm run bench": minutes,
    "npm run bench -- --nodes 1000": minutes,
    "npm run bench -- --nodes 50 --rounds 1": minutes,
    "npm run bench -- policy": minutes,
    "npm run bench -- policy --nodes 200 --rounds 1": minutes,
  },
};
