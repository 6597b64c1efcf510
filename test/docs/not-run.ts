/**
 * The one list of command lines in the documentation that no test runs, by page, each with its reason. Their scripts,
 * options and files are checked all the same (`commands.test.ts`), which prints how many they are.
 */

const recursion = "would run the test that reads this";
const minutes = "takes minutes to hours, and measures a machine that does nothing else";

export const notRun: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "README.md": {
    "npm test": recursion,
  },
  "CONTRIBUTING.md": {
    "npm run test:fast": recursion,
    "npm test": recursion,
  },
  "docs/benchmarks.md": {
    "npm run bench": minutes,
    "npm run bench -- --nodes 1000": minutes,
    "npm run bench -- --nodes 50 --rounds 1": minutes,
    "npm run bench -- policy": minutes,
    "npm run bench -- policy --nodes 200 --rounds 1": minutes,
  },
};
