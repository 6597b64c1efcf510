/**
 * `npm run judge`: the verdict on plain files, by the same functions that the policies use. See docs/judge.md.
 */
import { main } from "./main.ts";

const { exitCode, stdout, stderr } = main(process.argv.slice(2));
if (stdout !== "") console.log(stdout);
if (stderr !== "") console.error(stderr);
process.exitCode = exitCode;
