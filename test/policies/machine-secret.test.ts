/** A machine's Secret says the same as a resource of a stack and as a manifest. */
import assert from "node:assert/strict";
import { readHostFiles } from "../../policies/evidence/host-files.ts";
import { readStack } from "../../policies/stack/resource.ts";
import { fileListKey, hostFilesSecretType, machineLabel } from "../../trust/contract.ts";
import type { Json } from "../../trust/readers/yaml.ts";
import { brief, piecesOfObject } from "../support/pieces.ts";
import { resource } from "./fake.ts";
import { kubeletUnit } from "./stacks/parts.ts";

const path = "/etc/systemd/system/kubelet.service";
const listOf = (...files: readonly { path: string; key: string }[]) => JSON.stringify(files);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const withFiles = (more: { readonly [key: string]: Json }) => ({
  type: hostFilesSecretType,
  metadata: { name: "m", namespace: "kube-system", labels: { [machineLabel]: "w-0" } },
  ...more,
});
const started =
  "kubelet --config=/var/lib/kubelet/kubelet-config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf";
const lost = "undecidable: the content of /etc/x.conf of Secret kube-system/m";

const secrets: Readonly<Record<string, readonly [{ readonly [key: string]: Json }, string[]]>> = {
  "whose texts are in base64": [
    { data: { [fileListKey]: base64(listOf({ path, key: "u" })), u: base64(kubeletUnit()) } },
    [started],
  ],
  "whose texts are written twice": [
    {
      data: { [fileListKey]: base64("[]"), u: base64(kubeletUnit()) },
      stringData: { [fileListKey]: listOf({ path, key: "u" }) },
    },
    [started],
  ],
  "that lost a file": [
    { stringData: { [fileListKey]: listOf({ path: "/etc//x.conf", key: "x" }) } },
    [lost],
  ],
  "with a path that is written twice": [
    {
      stringData: {
        [fileListKey]: listOf({ path, key: "u" }, { path: `/etc/.${path.slice(4)}`, key: "v" }),
        u: kubeletUnit(["--anonymous-auth=true"]),
        v: kubeletUnit(),
      },
    },
    [started],
  ],
  "without a list of files": [
    { data: { u: base64(kubeletUnit()) } },
    [`undecidable: the files of Secret kube-system/m: its ${fileListKey} is no list of files`],
  ],
};

describe("a machine's Secret", () => {
  for (const [name, [more, said]] of Object.entries(secrets)) {
    it(`${name} says the same in every door`, () => {
      const props = withFiles(more);
      const stack = readStack([resource("kubernetes:core/v1:Secret", "m", props)]);
      const { pieces = [] } = readHostFiles(stack, new Set());
      assert.deepEqual(brief(pieces), said);
      const manifest = brief(piecesOfObject({ kind: "Secret", apiVersion: "v1", ...props }));
      assert.deepEqual(
        manifest.map((one) => one.replace("resource: ", "")),
        said,
      );
    });
  }
});
