/** Files that are encrypted, or stand for others, where a program is told of them: what they hold is not known. */
import assert from "node:assert/strict";
import { main } from "../../cli/main.ts";
import { configMap, resource, violationsOf } from "../policies/fake.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import { inFolder, writeFiles } from "../support/folders.ts";

const sops = "ENC[AES256_GCM,data:c2VjcmV0,iv:aXY=,tag:dGFn,type:str]";
const contents: Readonly<Record<string, string>> = {
  age: "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n",
  "age's bytes": "age-encryption.org/v1\n-> X25519 abc\n",
  OpenPGP: "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n",
  SOPS: sops,
  "SOPS' whole file": JSON.stringify({ data: sops, sops: { version: "3.9.0" } }, undefined, "\t"),
  "Ansible Vault": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
  "git-crypt": "\0GITCRYPT\0abcdef",
  "Git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n",
  "a placeholder": "{{ pki_file }}\n",
  "a reference of 1Password": "op://k8s/pki/file\n",
  "a placeholder in PEM": "-----BEGIN CERTIFICATE-----\n{{ body }}\n-----END CERTIFICATE-----\n",
};
/** What says that a program does not start, or fails, for what is in a file. */
const broken = /does not start|failed to|unable to|tls: |x509: /;

describe("a file that is encrypted, or stands for another", () => {
  const configuration = kubeletConfiguration("provisioned");
  const apiServer = apiServerPod("verify");
  const files = {
    "cp/etc/kubernetes/manifests/kube-apiserver.yaml": apiServer,
    "w/etc/systemd/system/kubelet.service": kubeletUnit(),
    "w/var/lib/kubelet/kubelet-config.yaml": configuration,
  };
  const serving = [...configuration.matchAll(/tls\w+File: (\S+)/g)].map(([, path]) => path ?? "");
  const access = [...apiServer.matchAll(/--kubelet-[\w-]+=(\/\S+)/g)].map(([, path]) => path ?? "");
  const ca = "/etc/kubernetes/pki/ca.crt";
  const paths = [
    `cp${ca}`,
    ...[...serving, ca, "/etc/kubernetes/kubelet.conf"].map((path) => `w${path}`),
    ...access.map((path) => `cp${path}`),
  ];

  for (const [title, content] of Object.entries(contents)) {
    it(`is not known to judge: ${title}`, async () => {
      assert.ok(serving.length === 2 && access.length === 3);
      const pki = Object.fromEntries(paths.map((path) => [path, content]));
      const { stdout, exitCode } = await inFolder((folder) => {
        writeFiles(folder, { ...files, ...pki });
        return main([folder]);
      });
      assert.doesNotMatch(stdout, broken);
      assert.match(stdout, /ndecidable/);
      assert.equal(exitCode, 1);
    });

    it(`is not known to the pack: ${title}`, () => {
      for (const kind of ["ConfigMap", "Secret"]) {
        const name = { metadata: { name: "pki", namespace: "kube-system" } };
        const data = Object.fromEntries(
          [...access, "/ca.crt"].map((path) => [path.slice(path.lastIndexOf("/") + 1), content]),
        );
        const mounted =
          kind === "Secret" ? { secret: { secretName: "pki" } } : { configMap: { name: "pki" } };
        const spec = {
          containers: [
            {
              name: "kube-apiserver",
              image: "registry.k8s.io/kube-apiserver:v1.37.2",
              command: ["kube-apiserver", ...(apiServer.match(/--[\w-]+=\S+/g) ?? [])],
              volumeMounts: [{ name: "pki", mountPath: "/etc/kubernetes/pki" }],
            },
          ],
          volumes: [{ name: "pki", ...mounted }],
        };
        const sent = violationsOf([
          resource(`kubernetes:core/v1:${kind}`, "pki", {
            ...name,
            ...(kind === "Secret" ? { stringData: data } : { data }),
          }),
          resource("kubernetes:core/v1:Pod", "apiserver", {
            metadata: { name: "kube-apiserver", namespace: "kube-system" },
            spec,
          }),
          configMap("nodes", {
            "kubelet.service": kubeletUnit(),
            "kubelet-config.yaml": configuration,
          }),
        ]);
        const said = sent
          .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
          .map(({ message }) => message)
          .join("\n");
        assert.doesNotMatch(said, broken);
        assert.match(said, /ndecidable/);
      }
    });
  }
});
