/** Lines of flags. */
export { withLines } from "../../trust/readers/lines.ts";
