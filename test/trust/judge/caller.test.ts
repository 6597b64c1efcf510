/** Other callers' words; each was said by metrics-server 0.8.0 or by the scraper of Prometheus in the lab. */
import assert from "node:assert/strict";
import { type Issued, issue } from "../../../lab/x509/issue.ts";
import { judgeCaller, judgeCallerToken } from "../../../trust/judge/caller.ts";
import type { CallerPiece } from "../../../trust/readers/piece.ts";
import { piecesOf } from "../../support/pieces.ts";
import { apiServer, at, files, kubelet } from "../world.ts";

function callerOf(text: string): CallerPiece {
  const found = piecesOf({ "caller.yaml": text }).find(({ kind }) => kind === "caller");
  if (found?.kind !== "caller") throw new Error("no caller was read");
  return found;
}

const metricsServer = (...flags: string[]) =>
  callerOf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: metrics-server, namespace: kube-system}
spec: {template: {spec: {containers: [{name: metrics-server, image: "registry.k8s.io/metrics-server/metrics-server:v0.8.0", args: [${flags.join(", ")}]}]}}}
`);

const prometheus = (tls: string) =>
  callerOf(`scrape_configs:
- {job_name: nodes, scheme: https, kubernetes_sd_configs: [{role: node}]${tls}}
`);

describe("another caller of a kubelet", () => {
  let ca: Issued;
  before(async () => {
    ca = await issue({ subject: "CN=kubernetes", isCA: true });
  });

  const symptom = (piece: CallerPiece, configuration = "") => {
    const facts = kubelet("", { configuration });
    const shared = files({ "/etc/kubernetes/pki/ca.crt": ca.certPem });
    const caller = { piece, files: files({ "/ca.crt": ca.certPem }) };
    return judgeCaller(facts, caller, shared, at).symptom;
  };

  it("says where it asked, in the words of its own", () => {
    const unknownAuthority =
      "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    const noIpSan =
      "tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.11 because it doesn't contain any IP SANs";
    assert.equal(
      symptom(metricsServer()),
      `Get "https://node-1:10250/metrics/resource": ${unknownAuthority}`,
    );
    assert.equal(
      symptom(metricsServer("--kubelet-preferred-address-types=InternalIP")),
      `Get "https://10.0.0.11:10250/metrics/resource": ${noIpSan}`,
    );
    assert.equal(
      symptom(prometheus(", tls_config: {ca_file: /ca.crt}")),
      `Get "https://10.0.0.11:10250/metrics": ${noIpSan}`,
    );
    assert.equal(symptom(prometheus(", tls_config: {insecure_skip_verify: true}")), undefined);
  });

  it("asks in the order of all its flags: a list's flag adds to those before", () => {
    const flag = "--kubelet-preferred-address-types";
    const piece = metricsServer(`${flag}=InternalIP`, `"${flag}=Hostname,InternalDNS"`);
    const types = piece.addressTypes;
    assert.deepEqual(types?.known && types.value, ["InternalIP", "Hostname", "InternalDNS"]);
  });

  it("says so of a node without an address that it would dial", () => {
    assert.equal(
      symptom(metricsServer("--kubelet-preferred-address-types=ExternalIP")),
      "no address matched types [ExternalIP]",
    );
  });

  it("asks at a port of its own, unless it is told to read the node's status", () => {
    const port = "port: 10350\n";
    assert.equal(
      symptom(metricsServer(), port),
      'Get "https://node-1:10250/metrics/resource": dial tcp 10.0.0.11:10250: connect: connection refused',
    );
    for (const flag of ["--kubelet-use-node-status-port", "--kubelet-port=10350"]) {
      assert.match(symptom(metricsServer(flag), port) ?? "", /node-1:10350.*unknown authority/);
    }
  });

  it("says what the kubelet answers", () => {
    const facts = kubelet("", { configuration: "authentication: {webhook: {enabled: false}}\n" });
    const said = (piece: CallerPiece) =>
      judgeCallerToken(facts, { piece, files: files({}) }, apiServer(""))?.symptom;
    assert.equal(said(metricsServer()), 'request failed, status: "401 Unauthorized"');
    assert.equal(said(prometheus("")), "server returned HTTP status 401 Unauthorized");
  });
});
