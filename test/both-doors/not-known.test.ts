/** Values that nobody can read yet: unknown, neither absent nor a default, in both doors. */
import assert from "node:assert/strict";
import { configMap, resource, unknownValue } from "../policies/fake.ts";
import { kubeletConfiguration } from "../policies/stacks/parts.ts";
import { judged, rejectedByPack } from "./both-doors.ts";

const good = kubeletConfiguration("bootstrap");
const sops = "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]";
const vault = "$ANSIBLE_VAULT;1.1;AES256\n61626364\n65666768\n";

/** What is said of a text by both doors; empty where it is passed. */
function said(name: string, text: string): { readonly pack: string; readonly cli: string } {
  const { exitCode, stdout } = judged({ [`other/${name}`]: text });
  return {
    pack: rejectedByPack(configMap("files", { [name]: text })),
    cli: exitCode === 0 ? "" : stdout,
  };
}

describe("a value that is encrypted, or kept elsewhere", () => {
  const values = {
    "of SOPS": [sops, "ENC\\[AES256_GCM"],
    "of Ansible Vault": [
      `!vault |\n    ${vault.trim().replaceAll("\n", "\n    ")}`,
      "\\$ANSIBLE_VAULT",
    ],
    "of 1Password": ["op://k8s/kubelet/mode", "op://k8s"],
    "of vals": ["ref+vault://k8s/kubelet#/mode", "ref\\+vault://"],
    "of Argo CD's Vault plugin": ["<path:k8s/kubelet#mode>", "<path:k8s"],
  } as const;
  for (const [name, [value, mark]] of Object.entries(values)) {
    it(`is unknown, and no value that a kubelet refuses: ${name}`, () => {
      for (const [field, text] of [
        ["authorization.mode", good.replace("mode: Webhook", `mode: ${value}`)],
        ["serverTLSBootstrap", good.replace("Bootstrap: true", `Bootstrap: ${value}`)],
        ["readOnlyPort", `${good}readOnlyPort: ${value}\n`],
      ] as const) {
        const { pack, cli } = said("kubelet-config.yaml", text);
        const says = new RegExp(`without the value of ${mark}.* in ${field}`);
        assert.match(pack, says);
        assert.match(cli, new RegExp(`the value of ${mark}.* in ${field}`));
        assert.doesNotMatch(pack + cli, /will not start|does not start/);
      }
    });
  }
});

describe("an encrypted text", () => {
  const texts = {
    vault,
    sops,
    age: "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n",
    pgp: "-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n",
  };
  for (const [by, text] of Object.entries(texts)) {
    it(`is undecidable under a name that decides: ${by}`, () => {
      for (const name of ["kubelet-config.yaml", "kubelet.service", "kubeadm.yml"]) {
        const { pack, cli } = said(name, text);
        assert.match(pack, new RegExp(`without the text of .*${name}`));
        assert.match(cli, new RegExp(`the text of .*${name}.*which may decide`));
      }
    });

    it(`is passed under any other: ${by}`, () => {
      for (const name of ["values.yaml", "grafana.conf", "join-token"]) {
        assert.deepEqual(said(name, text), { pack: "", cli: "" });
      }
    });
  }
});

describe("kubeadm's ConfigMap for kubelets", () => {
  const map = (kubelet: string, name = "kubelet-config") => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "kube-system" },
    data: { kubelet },
  });
  const both = (object: ReturnType<typeof map>) => [
    rejectedByPack(resource("kubernetes:core/v1:ConfigMap", "x", object)),
    judged({ "object.json": JSON.stringify(object) }).stdout,
  ];

  it("is undecidable with a text of which nothing can be made", () => {
    for (const text of ["some words", sops, vault]) {
      for (const one of both(map(text))) assert.match(one, /the text of .*kubelet-config/);
    }
  });

  it("is passed empty, and so is another's", () => {
    for (const object of [map(""), map("some words", "words")]) {
      const [pack, cli] = both(object);
      assert.equal(pack, "");
      assert.doesNotMatch(cli ?? "", /not read/);
    }
  });
});

describe("a read-only port that is not known", () => {
  it("may be open, whatever else is well", () => {
    for (const value of ["{{ .Port }}", "$(PORT)"]) {
      const { pack, cli } = said("kubelet-config.yaml", `${good}readOnlyPort: ${value}\n`);
      assert.match(pack, /in readOnlyPort, by which its metrics and pods may be open to anyone/);
      assert.match(cli, /in readOnlyPort, by which its metrics and pods may be open to anyone/);
    }
    assert.deepEqual(said("kubelet-config.yaml", `${good}readOnlyPort: 0\n`), {
      pack: "",
      cli: "",
    });
  });

  it("is told once where nothing of the configuration is known", () => {
    const unit = "[Service]\nExecStart=/usr/bin/kubelet --config=/elsewhere.yaml\n";
    const { pack, cli } = said("kubelet.service", unit);
    assert.match(pack, /elsewhere\.yaml/);
    assert.doesNotMatch(pack + cli, /open to anyone/);
  });
});

describe("a container whose command is not known", () => {
  const container = (name: string, more: object) =>
    rejectedByPack(
      resource("kubernetes:apps/v1:DaemonSet", "x", {
        metadata: { name: "x" },
        spec: { template: { spec: { containers: [{ name, image: "k", ...more }] } } },
      }),
    );

  it("may be a kubelet where it is called one", () => {
    assert.match(container("kubelet", { command: unknownValue }), /container "kubelet"/);
    assert.match(container("kubelet", { args: unknownValue }), /container "kubelet"/);
    assert.equal(container("nginx", { command: unknownValue }), "");
    assert.equal(container("kubelet-csr-approver", { args: unknownValue }), "");
  });
});
