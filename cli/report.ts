/** `npm run report`: one Markdown and one HTML of what is judged. See docs/report.md. */
import { reportMain } from "./report-main.ts";

const { exitCode, stdout, stderr } = reportMain(process.argv.slice(2));
if (stdout !== "") console.log(stdout);
if (stderr !== "") console.error(stderr);
process.exitCode = exitCode;
