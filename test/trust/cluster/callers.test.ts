/** Callers beside kube-apiserver, and the files that they are told of, in both doors. */
import assert from "node:assert/strict";
import { issue } from "../../../lab/x509/issue.ts";
import { analyseStack } from "../../../policies/stack/analysis.ts";
import { readStack } from "../../../policies/stack/resource.ts";
import { assemble } from "../../../trust/cluster/assemble.ts";
import type { AssembledCaller } from "../../../trust/cluster/assembly.ts";
import { resource } from "../../policies/fake.ts";
import { piecesOf } from "../../support/pieces.ts";

const monitor = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "ServiceMonitor",
  metadata: { name: "kubelet", namespace: "monitoring" },
  spec: {
    endpoints: [
      { scheme: "https", tlsConfig: { ca: { configMap: { name: "ca", key: "ca.crt" } } } },
    ],
  },
};
const apiServer = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "kube-apiserver", namespace: "kube-system" },
  spec: {
    containers: [{ name: "a", image: "kube-apiserver:v1.37.2", command: ["kube-apiserver"] }],
  },
};

describe("a ServiceMonitor that names a ConfigMap with its CA", () => {
  let pem: string;
  before(async () => {
    pem = (await issue({ subject: "CN=kubernetes", isCA: true })).certPem;
  });

  const configMap = (namespace: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "ca", namespace },
    data: { "ca.crt": pem },
  });

  /** What its file says, by what each door reads. */
  const readBy: Readonly<Record<string, (namespace: string) => string>> = {
    "the command line": (namespace) => {
      const objects = [monitor, apiServer, configMap(namespace)];
      const { clusters } = assemble(piecesOf({ "all.yaml": JSON.stringify(objects) }));
      return contentOf(clusters[0]?.callers[0]);
    },
    "the pack": (namespace) => {
      const stack = readStack([
        resource("kubernetes:monitoring.coreos.com/v1:ServiceMonitor", "kubelet", monitor),
        resource("kubernetes:core/v1:Pod", "api", apiServer),
        resource("kubernetes:core/v1:ConfigMap", "ca", configMap(namespace)),
      ]);
      return contentOf(analyseStack(stack, {}).clusters[0]?.callers[0]);
    },
  };

  function contentOf(caller: AssembledCaller | undefined): string {
    const told = caller?.piece.verification;
    if (!caller || !told?.known || told.value.skip) return "no caller";
    const content = caller.files(told.value.caFile);
    return content.known ? content.value.kind : content.missing;
  }

  for (const [door, read] of Object.entries(readBy)) {
    it(`verifies with what it holds, and with nothing of another namespace: ${door}`, () => {
      assert.match(read("monitoring"), /^(certificates|text)$/);
      assert.equal(read("other"), "the content of ConfigMap monitoring/ca (ca.crt)");
    });
  }
});
