// Which tests a command line chooses, and what they need: told from their names.
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "./paths.mjs";

/** What needs Pulumi's engine or the lab's programs says so in its name. */
const withPrograms = /\.(engine|lab)\.test\.ts$/;

/** So does what needs no more than Go and takes seconds: thousands of inputs, or what is compiled or loaded anew. */
const slow = /\.(engine|lab|long)\.test\.ts$/;

/**
 * Splits a command line for mocha into test files and everything else. A folder stands for all tests in it;
 * without a file or a folder, all tests are meant.
 * @param {readonly string[]} args
 * @param {string} [root] folder that the arguments are relative to, default the repository
 * @returns {{ files: string[], options: string[], isAll: boolean }} isAll: neither file nor folder is named
 */
export function chosenTests(args, root = repository) {
  const folders = args.filter((arg) => isFolder(path.resolve(root, arg)));
  const named = args.filter((arg) => arg.endsWith(".test.ts"));
  const options = args.filter((arg) => !folders.includes(arg) && !named.includes(arg));
  const isAll = folders.length + named.length === 0;
  const all = isAll ? ["test"] : folders;
  return { files: [...named, ...all.flatMap((folder) => testsIn(folder, root))], options, isAll };
}

/**
 * Whether one of the files needs the toolchain; a pattern might.
 * @param {readonly string[]} files
 * @returns {boolean}
 */
export function needToolchain(files) {
  return files.some((file) => withPrograms.test(file) || file.includes("*"));
}

/**
 * Whether one of the files boots something in the lab; a pattern might.
 * @param {readonly string[]} files
 * @returns {boolean}
 */
export function needLab(files) {
  return files.some((file) => /\.lab\.test\.ts$/.test(file) || file.includes("*"));
}

/**
 * All tests that need neither the engine nor the lab, and take no more than a moment.
 * @returns {string[]}
 */
export function fastTests() {
  return testsIn("test", repository).filter((file) => !slow.test(file));
}

/** The tests that take longest, a minute or more, longest first: what begins last should end soon. */
const longest = [
  "test/policies/stacks.engine.test.ts",
  "test/toolchain/start.engine.test.ts",
  "test/toolchain/kubernetes-plugin-cluster.engine.test.ts",
  "test/packages/packages.engine.test.ts",
  "test/lab/promise.lab.test.ts",
  "test/lab/boot.lab.test.ts",
  "test/docs/pages.engine.test.ts",
  "test/lab/doctor.lab.test.ts",
  "test/plugin/plugin.engine.test.ts",
  "test/components/rotation.engine.test.ts",
  "test/lab/conformance.lab.test.ts",
];

/**
 * All others, in the order in which to begin them.
 * @returns {string[]}
 */
export function slowTests() {
  const files = testsIn("test", repository).filter((file) => slow.test(file));
  return [...new Set([...longest, ...files])];
}

/**
 * @param {string} folder
 * @param {string} root
 * @returns {string[]} relative to the root, in order
 */
function testsIn(folder, root) {
  return fs
    .readdirSync(path.resolve(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => path.join(folder, file))
    .sort();
}

/** @param {string} file */
function isFolder(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
