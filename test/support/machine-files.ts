/** The files of machines as the components make them, without an engine. */

import { Cluster } from "../../components/index.ts";
import type { CarriedFile } from "../../trust/carriers/machine.ts";
import { hostFilesSecretType, readHostFilesSecret } from "../../trust/contract.ts";
import { register } from "../components/mocks.ts";

/** The files of `cp-0`, a control plane, and of `w-0`, a node; keys and certificates are stand-ins. */
export async function filesOfMachines(): Promise<Record<string, CarriedFile[]>> {
  const registered = await register(() => {
    new Cluster("c", {
      controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
      nodePools: [{ name: "w", nodes: [{ name: "w-0", addresses: ["10.0.0.11"] }] }],
    });
  });
  return Object.fromEntries(
    registered.flatMap(({ inputs }) => {
      if (inputs.type !== hostFilesSecretType) return [];
      const read = readHostFilesSecret(inputs);
      if (typeof read === "string") throw new Error(read);
      const files = read.files.map((file) => ({ ...file, content: file.content.toString() }));
      return [[read.machine, files]];
    }),
  );
}

/** Contents that a form could lose: blanks at ends, no newline at the end, none at all, quotes, tabs, other scripts. */
export const difficultFiles: readonly CarriedFile[] = [
  "",
  "no newline at the end",
  "\n\n  leading and trailing \t \n\n\n",
  `key: "a 'quoted' \\ value" # no comment\n- *alias &anchor !tag {}\n`,
  "%percent\r\nwindows line\r\n\ttab\n",
  "ünïcödé 漢字 \u{1f600}\n",
  `${"x".repeat(5000)} ${"y ".repeat(2000)}\n`,
  "---\n...\n#cloud-config\n",
].map((content, index) => ({
  path: `/etc/kubernetes/difficult/${index}`,
  mode: index % 2 === 0 ? "0600" : "0644",
  owner: "root:root",
  content,
}));
