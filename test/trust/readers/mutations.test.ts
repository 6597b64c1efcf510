/** Whatever becomes of a text that people hand in, readers answer with pieces. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { piecesOf } from "../../support/pieces.ts";

const kubelet =
  "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n";
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");

/** One text for each reader. */
const texts: Record<string, string> = {
  documents: `${kubelet}---\nkind: Node\nmetadata: {name: n1}\n`,
  kubeadm:
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration: {kubeletExtraArgs: [{name: a, value: b}]}\n",
  patch: "- op: add\n  path: /serverTLSBootstrap\n",
  configz: '{"kubeletconfig":{"serverTLSBootstrap":true}}',
  script: `#!/bin/bash\nA=(--a "b")\ncat <<EOF | tee /etc/kubelet.yaml\nkind: $X\nEOF\nexec nice -n 5 kubelet "\${A[@]}" $(b) \`c\` <<< d\nkubeadm init --config=/x\n`,
  commands: "exec docker run x/kubelet:v1 kubelet --a \\\n  --b='c d'\n",
  unit: `[Service]\nEnvironment="A=--a b" C='d'\nEnvironmentFile=-/etc/default/kubelet\nExecStart=@kubelet kubelet "$A" \${C} \\x41 ; b\n`,
  environment: "KUBELET_EXTRA_ARGS=\"--a\" \nB='c'\\\n d\n",
  process: "kubelet\0--a\0--b=c\0",
  flags: "--config=/x\n--node-ip 10.0.0.1\n",
  pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  configMap: JSON.stringify({
    kind: "ConfigMap",
    data: { "kubelet.service": "[Service]\nExecStart=kubelet --a", b: kubelet },
    binaryData: { c: base64(gzipSync(kubelet)) },
  }),
  secret: JSON.stringify({
    kind: "SecretList",
    items: [{ data: { kubelet: base64(kubelet) }, stringData: { a: "b" } }],
  }),
  workload: JSON.stringify({
    kind: "Deployment",
    metadata: { name: "a" },
    spec: {
      replicas: 0,
      template: {
        spec: {
          containers: [
            {
              image: "x/metrics-server",
              args: ["--kubelet-insecure-tls"],
              env: [{ name: "A", value: "b" }],
            },
          ],
        },
      },
    },
  }),
  rollout: JSON.stringify({
    kind: "Rollout",
    spec: { template: { spec: { containers: [{ command: ["sh", "-c", "kubelet --a"] }] } } },
  }),
  rbac: JSON.stringify({
    kind: "ClusterRole",
    metadata: { name: "r" },
    rules: [{ verbs: ["get"] }],
    aggregationRule: { clusterRoleSelectors: [{}] },
  }),
  cloudConfig: `## template: jinja\n#cloud-config\nwrite_files:\n- {path: /a, encoding: gz+b64, content: ${base64(gzipSync(kubelet))}}\nruncmd:\n- [kubelet, --a]\n- kubelet --b\n`,
  multipart: `Content-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Transfer-Encoding: quoted-printable\n\n=23cloud-config\n--B--\n`,
  archive: "#cloud-config-archive\n- content: 'kubelet --a'\n",
  include: "#include\nhttps://x.example\n",
  powershell: "<powershell>\nkubelet.exe --a\n</powershell>\n",
  ignition: JSON.stringify({
    ignition: { version: "3.0.0" },
    storage: { files: [{ path: "/a", contents: { source: `data:;base64,${base64(kubelet)}` } }] },
    systemd: {
      units: [
        {
          name: "kubelet.service",
          contents: "[Service]\nExecStart=kubelet",
          dropins: [{ name: "a" }],
        },
      ],
    },
  }),
  butane: JSON.stringify({
    variant: "fcos",
    version: "1.5.0",
    storage: { files: [{ path: "/a", contents: { inline: kubelet } }] },
  }),
  clusterApi: JSON.stringify({
    apiVersion: "controlplane.cluster.x-k8s.io/v1beta1",
    kind: "KubeadmControlPlane",
    spec: {
      version: "v1.37.2",
      kubeadmConfigSpec: {
        files: [{ path: "/a", encoding: "base64", content: base64(kubelet) }],
        preKubeadmCommands: ["kubelet --a"],
        clusterConfiguration: {},
      },
    },
  }),
  distributions:
    "kubelet-arg: [a=b]\nmachine: {type: x, kubelet: {extraArgs: {c: d}}}\nservices: {kubelet: {extra_args: {e: f}}}\n",
  monitor: JSON.stringify({
    kind: "ServiceMonitor",
    metadata: { name: "kubelet" },
    spec: { endpoints: [{ scheme: "https", tlsConfig: { ca: { secret: { name: "a" } } } }] },
  }),
  prometheus:
    "scrape_configs:\n- {job_name: k, scheme: https, kubernetes_sd_configs: [{role: node}], tls_config: {ca_file: /a}}\n",
  chart: JSON.stringify({
    kind: "Application",
    spec: {
      source: {
        chart: "metrics-server",
        helm: { values: "args: [--kubelet-insecure-tls]", parameters: [{ name: "a", value: "b" }] },
      },
    },
  }),
  machine: JSON.stringify({
    userData: base64("#!/bin/sh\nkubelet --a"),
    metadata: { "user-data": "kubelet --b" },
  }),
};

const noise = [
  "{{ .X }}",
  "$" + "{X}",
  "\0",
  "\n",
  "\\",
  "'",
  '"',
  "[",
  "{",
  "---\n",
  "&a",
  "*a",
  ": ",
  "kubelet",
  "<<EOF\n",
  "$(",
  "\uFEFF",
  "[]",
  "null",
  "5",
  "true",
  "!!binary ",
];

/** A text with some places cut, doubled, or filled with noise. */
function mutated(text: string, places: readonly (readonly [number, number, number])[]): string {
  let result = text;
  for (const [at, length, what] of places) {
    const from = Math.floor(at * result.length);
    const cut = result.slice(from, from + Math.floor(length * 20));
    const put = what < noise.length ? (noise[what] ?? "") : what % 2 === 0 ? "" : cut + cut;
    result = result.slice(0, from) + put + result.slice(from + cut.length);
  }
  return result;
}

const unit = fc.double({ min: 0, max: 0.999, noNaN: true });
const places = fc.array(fc.tuple(unit, unit, fc.nat({ max: noise.length + 5 })), {
  minLength: 1,
  maxLength: 6,
});

describe("readers of mutated texts", function () {
  this.timeout(120_000);

  it("never throw on 10,000 of them, and give known kinds of pieces", () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`      seed ${seed}`);
    const names = Object.keys(texts);
    fc.assert(
      fc.property(fc.constantFrom(...names), places, (name, changes) => {
        const text = mutated(texts[name] ?? "", changes);
        for (const piece of piecesOf({ [name]: text })) {
          assert.ok(piece.origin.holder.startsWith("/given/"), piece.kind);
        }
      }),
      { numRuns: 10_000, seed },
    );
  });
});
