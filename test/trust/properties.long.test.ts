/** Whatever people write, the readers answer with facts or problems, and the verdict with a verdict. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { judge } from "../../trust/judge/judge.ts";
import { readArguments, readShell } from "../../trust/readers/command-line.ts";
import { readKubeadm } from "../../trust/readers/kubeadm.ts";
import {
  readConfigFile,
  readKubeletConfiguration,
} from "../../trust/readers/kubelet-configuration.ts";
import { readPem } from "../../trust/readers/pem.ts";
import { readPod } from "../../trust/readers/pod.ts";
import { readSystemdUnit } from "../../trust/readers/systemd-unit.ts";
import { type Json, readYaml } from "../../trust/readers/yaml.ts";
import { beginOf } from "../support/pem.ts";
import { apiServer, at, kubelet } from "./world.ts";

const source = { where: "anything" };
const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

/** Fragments that real files are made of, so that mutation goes deeper than noise does. */
const fragments = [
  head,
  "authentication: {x509: {clientCAFile: /ca.crt}, anonymous: {enabled: true}}\n",
  "serverTLSBootstrap: true\n",
  "featureGates: {RotateKubeletServerCertificate: false}\n",
  "tlsCertFile: /a\ntlsPrivateKeyFile: ",
  "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n",
  "apiServer:\n  extraArgs:\n  - name: kubelet-certificate-authority\n    value: /x\n",
  "kind: JoinConfiguration\nnodeRegistration: {kubeletExtraArgs: [{name: a}]}\n",
  "kind: Pod\nspec: {containers: [{command: [kube-apiserver, --a]}], volumes: [{}]}\n",
  "kind: ClusterRole\nmetadata: {name: r}\nrules: [{verbs: [get]}]\naggregationRule: {clusterRoleSelectors: [5]}\n",
  "kind: ClusterRoleBinding\nroleRef: 7\nsubjects: {}\n",
  "[Service]\nExecStart=/usr/bin/kubelet --a \\\n",
  'Environment=A="b c" D=\'',
  "EnvironmentFile=-/etc/default/kubelet\n",
  `kubelet --tls-cert-file=$A \${B} $(c) \`d\` "e`,
  "exec sh -c 'kube-apiserver --x ",
  "-----BEGIN CERTIFICATE-----\nMIIB",
  "\n-----END CERTIFICATE-----\n",
  `${beginOf("RSA PRIVATE KEY")}\nProc-Type: 4,ENCRYPTED\n\nAAAA\n`,
  "---\n",
  "&a [*a, *a]",
  "<<: *a\n",
  "{{ .Values.x }}",
  "\t",
  "\0",
  "\\",
  "%H",
  "!!binary ",
  "? : - [ ] { } , # & * ! | > ' \" % @ `",
];

const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.constantFrom(...fragments), { maxLength: 8 })
      .map((list) => list.join("")),
  },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.array(fc.constantFrom(...fragments), { maxLength: 6 }), fc.string(), fc.nat())
      .map(([list, noise, place]) => {
        const whole = list.join("");
        const position = whole.length === 0 ? 0 : place % whole.length;
        return whole.slice(0, position) + noise + whole.slice(position);
      }),
  },
);

const json = fc.jsonValue({ maxDepth: 6 }) as fc.Arbitrary<Json>;

describe("readers", function () {
  this.timeout(120_000);

  it("never throw on 4,000 texts", () => {
    fc.assert(
      fc.property(text, (anything) => {
        const { documents } = readYaml(anything, source);
        for (const document of documents) {
          document.lineOf(["a", 0, "b"]);
          readPod(document.value, source, document.lineOf);
        }
        readConfigFile(anything, source);
        readKubeletConfiguration(anything, source);
        readKubeadm(anything, source);
        readSystemdUnit(anything, source);
        readShell(anything, source);
        readArguments(anything.split(" "), source);
        readPem(anything, source);
      }),
      { numRuns: 4000 },
    );
  });

  it("never throw on objects of any shape", () => {
    fc.assert(
      fc.property(json, fc.constantFrom("Pod", "Deployment", "CronJob"), (value, kind) => {
        readPod(value, source);
        readPod({ kind, spec: value }, source);
        readPod({ kind, spec: { template: { spec: value, metadata: value } } }, source);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("judge", function () {
  this.timeout(120_000);

  it("answers whatever stands in configurations, flags and files", () => {
    const words = fc.array(
      fc.oneof(
        fc.constantFrom(
          "--tls-cert-file=/a",
          "--tls-private-key-file",
          "--feature-gates=AllAlpha=true",
          "--kubelet-certificate-authority=/a",
          "--kubelet-preferred-address-types=Hostname,,x",
          "--kubelet-client-certificate=/a",
          "--kubelet-client-key=/a",
          "--node-labels=a=b",
          "-v",
          "--",
          "$X",
        ),
        fc.string({ maxLength: 12 }).map((word) => `--${word.replace(/[\s'"\\`;&|()<>#]/g, "")}`),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(words, words, text, text, (kubeletWords, apiWords, configuration, content) => {
        const facts = kubelet(kubeletWords.join(" "), {
          configuration,
          texts: { "/a": content, "/ca.crt": content },
        });
        const { serving, requests } = judge(
          facts,
          apiServer(apiWords.join(" "), { texts: { "/a": content } }),
          { at },
        );
        assert.ok(serving.reason !== "" && requests.logs.reason !== "");
      }),
      { numRuns: 1500 },
    );
  });
});
