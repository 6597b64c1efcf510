import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import fc from "fast-check";
import { specs } from "../../policies/policies.ts";
import { analyseStack } from "../../policies/stack/analysis.ts";
import { readStack } from "../../policies/stack/resource.ts";
import { configMap, resource, unknownValue } from "./fake.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "./stacks/parts.ts";

/** Fixed, so that a failure is seen again; printed, so that a person can change it. */
const seed = 20261124;
const inputs = { stacks: 3_000, texts: 3_000 };

const cluster = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
apiServer:
  extraArgs:
    - name: kubelet-certificate-authority
      value: /etc/kubernetes/pki/ca.crt
`;
const join = `apiVersion: kubeadm.k8s.io/v1beta3
kind: JoinConfiguration
nodeRegistration:
  name: worker-0
  kubeletExtraArgs:
    rotate-server-certificates: "true"
`;
const files = JSON.stringify([
  { path: "/etc/systemd/system/kubelet.service", mode: "0644", owner: "root:root", key: "unit" },
  { path: "/var/lib/kubelet/kubelet-config.yaml", mode: "0644", owner: "root:root", key: "config" },
  {
    path: "/etc/kubernetes/manifests/kube-apiserver.yaml",
    mode: "0600",
    owner: "root:root",
    key: "pod",
  },
]);

const texts = [
  kubeletConfiguration("bootstrap"),
  kubeletConfiguration("selfSigned"),
  JSON.stringify({ apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration" }),
  kubeletUnit(["--rotate-server-certificates", "--v=2"]),
  apiServerPod("verify"),
  cluster,
  join,
];

/** Pieces that parsers stumble over. */
const nasty = fc.constantFrom(
  "\0",
  "\u2028",
  "\ufeff",
  "&a [*a, *a]",
  "---\n",
  "...",
  "!!binary x",
  "{{ .Values.x }}",
  "\u0024{X}",
  "$(X)",
  "<<: *a",
  "\t",
  "'",
  '"',
  "\\",
  "%",
  "[",
  "}",
  ": ",
  "~",
  "1e999",
  "0x",
  "__proto__: 1\n",
  "constructor: {}\n",
  unknownValue,
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  "kind: KubeletConfiguration\n",
);

/** A text with some of it cut out, doubled, or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...texts),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.nat({ max: 60 }),
        piece: fc.oneof(nasty, fc.string({ maxLength: 8 })),
        double: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((result, { at, cut, piece, double }) => {
      const from = Math.floor(at * result.length);
      const removed = result.slice(from, from + cut);
      return `${result.slice(0, from)}${piece}${double ? removed + removed : ""}${result.slice(from + cut)}`;
    }, text),
  );

const anyValue = fc.oneof(
  { weight: 6, arbitrary: mutated },
  { weight: 1, arbitrary: fc.constantFrom(...texts) },
  { weight: 1, arbitrary: fc.constant(unknownValue) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);
const keys = fc.constantFrom(
  "kubelet",
  "ClusterConfiguration",
  "kubelet.service",
  "kube-apiserver.yaml",
  "files.json",
  "unit",
  "config",
  "pod",
  "__proto__",
);
const data = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(keys, anyValue, { maxKeys: 4 }) },
  { weight: 1, arbitrary: fc.constant(unknownValue) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

/** Pods, and templates of pods, that approve requests or mount what decides. */
const podSpec = fc
  .record({
    image: fc.constantFrom(
      "postfinance/kubelet-csr-approver:v1.2.14",
      "registry.k8s.io/kube-apiserver:v1.37.2",
      "registry.k8s.io/kubelet:v1.37.2",
    ),
    words: fc.array(
      fc.constantFrom(
        "kube-apiserver",
        "--provider-regex",
        "-provider-ip-prefixes=10.0.0.0/8,x",
        "--allowed-dns-names=0",
        "--kubelet-certificate-authority=/mounted/kubelet",
        "--config=/mounted/kubelet",
        "(",
        unknownValue,
      ),
      { maxLength: 4 },
    ),
    env: fc.array(
      fc.record({
        name: fc.constantFrom("PROVIDER_REGEX", "PROVIDER_IP_PREFIXES", "ALLOWED_DNS_NAMES"),
        value: fc.oneof(fc.string(), fc.constantFrom("^a$", "10.0.0.0/99", "::/0", unknownValue)),
      }),
      { maxLength: 3 },
    ),
    volume: fc.constantFrom<object>(
      { configMap: { name: "kubelet-config" } },
      { secret: { secretName: "kubelet-config", items: [{ key: "kubelet", path: "kubelet" }] } },
      { projected: { sources: [{ secret: { name: "kubelet-config" } }, 7, unknownValue] } },
      { projected: null },
    ),
  })
  .map(({ image, words, env, volume }) => {
    const volumeMounts = [{ name: "volume", mountPath: "/mounted" }];
    const pod = {
      serviceAccountName: "approver",
      containers: [{ name: "container", image, command: words, env, volumeMounts }],
      volumes: [{ name: "volume", ...volume }],
    };
    return { ...pod, template: { spec: pod } };
  });

const typeOf = fc.constantFrom(
  "kubernetes:core/v1:ConfigMap",
  "kubernetes:core/v1:Secret",
  "kubernetes:core/v1:Pod",
  "kubernetes:apps/v1:DaemonSet",
  "kubernetes:apps/v1:Deployment",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
  "tls:index/locallySignedCert:LocallySignedCert",
  "tls:index/selfSignedCert:SelfSignedCert",
  "kubelet-trust:index:HostFiles",
  "kubelet-trust:index:Cluster",
  "pulumi:pulumi:Stack",
);

const anyResource = fc
  .record({
    type: typeOf,
    name: fc.constantFrom("a", "b", "kubelet-config"),
    data,
    spec: fc.oneof(podSpec, fc.jsonValue({ maxDepth: 4 }), fc.constant(unknownValue)),
    metadata: fc.oneof(
      fc.constant({ name: "kubelet-config", namespace: "kube-system" }),
      fc.jsonValue({ maxDepth: 2 }),
      fc.constant(unknownValue),
    ),
    secretType: fc.constantFrom("kubelet-trust/host-files", "Opaque", unknownValue),
    binary: fc.boolean(),
  })
  .map(({ type, name, data: content, spec, metadata, secretType, binary }) =>
    resource(type, name, {
      metadata,
      data: binary ? encoded(content) : content,
      spec,
      type: secretType,
      rules: spec,
      subjects: content,
      roleRef: metadata,
      certPem: spec,
      kubelet: spec,
      kubeletFlags: content,
      commands: content,
      subject: spec,
      validityPeriodHours: spec,
    }),
  );

function encoded(content: unknown): unknown {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return content;
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => [
      key,
      typeof value === "string" ? Buffer.from(value).toString("base64") : value,
    ]),
  );
}

/** Parents that go round in circles, or are not there. */
function entangled(resources: PolicyResource[]): PolicyResource[] {
  return resources.map((one, index) => {
    const parent = resources[(index + 1) % resources.length];
    return index % 3 === 0 || parent === undefined ? one : Object.assign(one, { parent });
  });
}

function findings(resources: readonly PolicyResource[]) {
  const analysis = analyseStack(readStack(resources), {});
  return {
    analysis,
    found: specs.flatMap((spec) => spec.find(analysis, {}, new Date())),
  };
}

describe("policies/evidence, with mutated input", function () {
  this.timeout(300_000);

  it(`never throws, over ${inputs.stacks} stacks (seed ${seed})`, () => {
    const stacks = fc.array(anyResource, { minLength: 1, maxLength: 4 }).map(entangled);
    fc.assert(
      fc.property(stacks, (resources) => {
        const { analysis } = findings(resources);
        const broken = analysis.evidence.gaps.filter(({ missing }) =>
          /an error of this policy pack/.test(missing),
        );
        assert.deepEqual(
          broken.map(({ missing }) => missing),
          [],
        );
      }),
      { seed, numRuns: inputs.stacks, endOnFailure: true },
    );
  });

  it(`is never silent about a KubeletConfiguration, over ${inputs.texts} texts (seed ${seed})`, () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const { analysis, found } = findings([
          configMap("kubelet-config", { kubelet: text }),
          configMap("kubeadm-config", { ClusterConfiguration: cluster }),
        ]);
        // Of a key that is given twice the last counts, to Kubernetes as well.
        const kinds = text.match(/^["']?kind["']? *:.*$/gm) ?? [];
        if (kinds.length !== 1 || kinds[0] !== "kind: KubeletConfiguration") return;
        const isJudged = analysis.judged.length + analysis.unpaired.length > 0;
        assert.ok(isJudged || found.length > 0, `nothing was said of\n${text}`);
      }),
      { seed, numRuns: inputs.texts, endOnFailure: true },
    );
  });

  it("reads host files whose data is known", () => {
    const secret = resource("kubernetes:core/v1:Secret", "host", {
      metadata: { name: "host", labels: { "kubelet-trust/machine": "worker-0" } },
      type: "kubelet-trust/host-files",
      data: encoded({
        "files.json": files,
        unit: kubeletUnit(),
        config: kubeletConfiguration("bootstrap"),
        pod: apiServerPod("verify"),
      }),
    });
    const { analysis } = findings([secret]);
    assert.deepEqual(
      analysis.judged.map(({ found }) => found.label),
      ["worker-0"],
    );
  });
});
