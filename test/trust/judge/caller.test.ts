/** Other callers' words; each was said by metrics-server 0.8.0 or by the scraper of Prometheus in the lab. */
import assert from "node:assert/strict";
import { type Issued, issue } from "../../../lab/x509/issue.ts";
import { judgeCaller } from "../../../trust/judge/caller.ts";
import { judgeCallerToken } from "../../../trust/judge/caller-token.ts";
import type { CallerPiece } from "../../../trust/readers/piece.ts";
import { known } from "../../../trust/words/fact.ts";
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
      judgeCallerToken(facts, { piece, files: files({}) }, [apiServer("")], at)?.symptom;
    assert.equal(said(metricsServer()), 'request failed, status: "401 Unauthorized"');
    assert.equal(said(prometheus("")), "server returned HTTP status 401 Unauthorized");
  });

  it("is not let in where the kubelet may not ask whose its token is", () => {
    const open = "authorization: {mode: AlwaysAllow}\nauthentication: {webhook: {enabled: true}}\n";
    const outcome = (mode: string) =>
      judgeCallerToken(
        kubelet("", { configuration: open }),
        { piece: metricsServer(), files: files({}) },
        [apiServer(`--authorization-mode=${mode}`)],
        at,
      );
    assert.equal(outcome("Node,RBAC"), undefined);
    const refused = outcome("RBAC");
    assert.equal(refused?.symptom, 'request failed, status: "401 Unauthorized"');
    assert.match(refused.reason, /may not create TokenReviews/);
    assert.match(refused.remedies[0] ?? "", /--authorization-mode hold Node/);
  });

  it("is let in by the rules for every caller: its token, then RBAC", () => {
    const deployed = metricsServer();
    const account = known("kube-system/metrics-server");
    const piece: CallerPiece = { ...deployed, serviceAccount: account };
    const bound = (...resources: string[]) =>
      apiServer("--authorization-mode=Node,RBAC", {
        rbac: known({
          roles: [
            {
              name: "r",
              labels: {},
              rules: [
                {
                  apiGroups: [""],
                  resources,
                  verbs: ["get"],
                  resourceNames: [],
                  nonResourceURLs: [],
                },
              ],
            },
          ],
          bindings: [
            {
              name: "b",
              role: "r",
              subjects: [
                { kind: "ServiceAccount", name: "metrics-server", namespace: "kube-system" },
              ],
            },
          ],
        }),
      });
    const webhook = "authorization: {mode: Webhook}\nauthentication: ";
    const outcome = (authentication: string, ...authorizers: ReturnType<typeof apiServer>[]) =>
      judgeCallerToken(
        kubelet("", { configuration: `${webhook}${authentication}\n` }),
        { piece, files: files({}) },
        authorizers,
        at,
      );
    const on = "{webhook: {enabled: true}, anonymous: {enabled: false}}";
    assert.equal(outcome(on, bound("nodes/metrics")), undefined);
    assert.equal(outcome(on, apiServer("")), undefined, "nothing speaks of it");
    const forbidden = outcome(on, bound("nodes/metrics"), bound("pods"));
    assert.equal(forbidden?.symptom, 'request failed, status: "403 Forbidden"');
    assert.match(
      forbidden?.remedies[0] ?? "",
      /^\(rbac\) Bind ServiceAccount kube-system\/metrics/,
    );
    const anyone = outcome(
      "{webhook: {enabled: false}, anonymous: {enabled: true}}",
      bound("pods"),
    );
    assert.equal(anyone?.symptom, 'request failed, status: "403 Forbidden"');
    assert.match(anyone?.remedies.join() ?? "", /Set authentication\.webhook\.enabled to true/);
    const open = outcome('{webhook: {enabled: "{{ .X }}"}}', bound("nodes/metrics"));
    assert.equal(open?.verdict, "undecidable");
  });
});
