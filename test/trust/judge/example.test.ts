import assert from "node:assert/strict";
import {
  apiServerFacts,
  type HostFiles,
  judge,
  known,
  kubeletFacts,
  readShell,
  unknown,
} from "../../../trust/index.ts";

describe("the example of judge", () => {
  it("is what it says, by what the package exports", () => {
    const files: HostFiles = (path) => unknown(`the content of ${path}`);
    const [kubelet, apiserver] = readShell(
      "kubelet --kubeconfig=/kubeconfig\nkube-apiserver --kubelet-certificate-authority=/ca.crt",
      { where: "start.sh" },
    ).commandLines;
    assert.ok(kubelet && apiserver);
    const { serving } = judge(
      kubeletFacts({
        label: "node-1",
        version: known("1.37.2"),
        commandLine: kubelet,
        node: {
          hostName: known("node-1"),
          name: known("node-1"),
          addresses: known([{ type: "InternalIP", address: "10.0.0.11" }]),
        },
        request: unknown("what becomes of the certificate request"),
        files,
      }),
      apiServerFacts({
        label: "kube-apiserver",
        version: known("1.37.2"),
        commandLine: apiserver,
        skip: known(undefined),
        rbac: known({ roles: [], bindings: [] }),
        files,
      }),
    );
    assert.ok(serving.verdict === "undecidable");
    assert.deepEqual(serving.missing, ["the content of /ca.crt"]);
  });
});
