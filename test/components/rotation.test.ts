import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { parse } from "yaml";
import {
  type CaRotation,
  type CaStanding,
  Cluster,
  type ClusterArgs,
  type FilesOfPhase,
} from "../../components/index.ts";
import { writtenAnew } from "../../components/pki/certificates.ts";
import { planProblems } from "../../components/plan/cluster-plan.ts";
import { standingIn } from "../../components/plan/deployed-ca.ts";
import { orderProblems, rotationPhases } from "../../components/plan/rotation.ts";
import { issue } from "../../lab/x509/issue.ts";
import { hostFilesSecretType } from "../../trust/contract.ts";
import { violationsOf } from "../policies/fake.ts";
import { textsIn, threeMachines } from "../support/machine-files.ts";
import { recordPreview } from "../support/recorded.ts";
import { type Registered, register } from "./mocks.ts";
import { selfSigned } from "./openssl.ts";

const all: readonly FilesOfPhase[] = ["none", ...rotationPhases];
const made = { "1": "made", "2": "made" };

const standing = (files: FilesOfPhase, generation = 1): CaStanding => ({
  generation,
  ...(files === "none" ? {} : { phase: files }),
  origins: files === "none" ? { [generation]: "made" } : made,
});

const args = (more: Partial<ClusterArgs> = {}): ClusterArgs => ({
  controlPlanes: [
    { name: "cp-0", addresses: ["10.0.0.1"] },
    { name: "cp-1", addresses: ["10.0.0.2"] },
  ],
  nodePools: threeMachines.nodePools,
  ...more,
});

/** The cluster in a phase, after the phase before it. */
function inPhase(files: FilesOfPhase, more: Partial<CaRotation> = {}): ClusterArgs {
  if (files === "none") return args({ deployedCa: standing("none") });
  const deployedCa = standing(all[all.indexOf(files) - 1] ?? "none");
  return args({ deployedCa, caRotation: { phase: files, ...more } });
}

const build = (given: ClusterArgs) => register(() => new Cluster("c", given));

/** Which generation's CA issued a leaf, by the PEM that the provider was given. */
function issuers(registered: readonly Registered[]) {
  return Object.fromEntries(
    registered
      .filter(({ type }) => type.endsWith(":LocallySignedCert"))
      .map(({ name, inputs }) => [name, inputs.caCertPem]),
  );
}

const pki = "/etc/kubernetes/pki";

describe("the order of a rotation", () => {
  it("takes a phase after its neighbours and itself, and no other", () => {
    for (const from of all) {
      for (const to of all) {
        const near = Math.abs(all.indexOf(from) - all.indexOf(to)) <= 1;
        const problems = orderProblems(standing(to), standing(from));
        assert.equal(problems.length === 0, near, `${from} to ${to}: ${problems}`);
      }
    }
  });

  it("says what has to come between, forwards and backwards", () => {
    const [forwards] = orderProblems(standing("retireOld"), standing("none"));
    assert.match(
      forwards ?? "",
      /^caRotation\.phase: retireOld cannot follow no rotation: .* Apply trustBoth, then issueNew first/,
    );
    const [backwards] = orderProblems(standing("none"), standing("retireOld"));
    assert.match(backwards ?? "", /Apply issueNew, then trustBoth first/);
    assert.match(backwards ?? "", /To end the rotation, raise caGeneration to 2\./);
  });

  it("raises the generation after retireOld alone, and by one", () => {
    const ended = { generation: 2, origins: { "2": "made" } };
    assert.deepEqual(orderProblems(ended, standing("retireOld")), []);
    for (const from of ["none", "trustBoth", "issueNew"] as const) {
      assert.match(
        orderProblems(ended, standing(from))[0] ?? "",
        /^caGeneration: 2 cannot follow: 1, .*, is deployed, and the machines trust the earlier CA/,
      );
    }
    assert.match(orderProblems(standing("none", 3), ended)[0] ?? "", /^caGeneration: 3 cannot/);
    assert.match(orderProblems(standing("none", 4), ended)[0] ?? "", /^caGeneration: 4 is ahead/);
    assert.match(
      orderProblems(standing("retireOld"), ended)[0] ?? "",
      /^caGeneration: 1 is behind/,
    );
    const both = { ...ended, phase: "trustBoth" as const };
    assert.match(orderProblems(both, standing("retireOld"))[0] ?? "", /has to end first/);
  });

  it("fails closed where nothing is known or nothing is deployed", () => {
    assert.match(orderProblems(standing("trustBoth"), undefined)[0] ?? "", /is not known/);
    assert.match(orderProblems(standing("trustBoth"), "absent")[0] ?? "", /nothing is deployed/);
    assert.deepEqual(orderProblems(standing("none"), undefined), []);
    assert.deepEqual(orderProblems(standing("none"), "absent"), []);
  });

  it("refuses another CA in the place of one that is deployed", () => {
    const before = {
      generation: 2,
      phase: "retireOld" as const,
      origins: { "2": "ab", "3": "cd" },
    };
    const ended = { generation: 3, origins: { "3": "made" } };
    assert.match(
      orderProblems(ended, before)[0] ?? "",
      /^certificateAuthority: one that the stack makes would take the place of CA 3, which is one handed in \(SHA-256 cd\)/,
    );
    assert.deepEqual(orderProblems({ ...ended, origins: { "3": "cd" } }, before), []);
    const next = { ...before, origins: { "2": "ab", "3": "ef" } };
    assert.match(orderProblems(next, before)[0] ?? "", /^caRotation\.next: .* apply once without/);
  });

  it("is read from the outputs of a stack, also of one from before there were rotations", () => {
    assert.equal(standingIn({}), "absent");
    assert.deepEqual(standingIn({ settings: {} }), { generation: 1, origins: {} });
    assert.deepEqual(standingIn({ caStanding: standing("issueNew") }), standing("issueNew"));
    for (const broken of [
      "x",
      { generation: "1", origins: {} },
      { generation: 1, phase: "x", origins: {} },
      { generation: 1 },
    ]) {
      assert.equal(standingIn({ caStanding: broken }), undefined, JSON.stringify(broken));
    }
  });
});

describe("a rotation's arguments", () => {
  const problems = (more: Partial<ClusterArgs>) => planProblems("c", args(more));

  it("are told all at once", () => {
    const found = problems({
      deployedCa: standing("none"),
      caRotation: {
        phase: "both" as "trustBoth",
        next: { certPem: "no PEM", privateKeyPem: "no key" },
        behind: { "p-9": "none", "p-0": "later" as "none" },
      },
    });
    const fields = found.map((problem) => problem.replace(/:.*/s, ""));
    assert.deepEqual(fields, [
      "caRotation.next.certPem",
      "caRotation.phase",
      "caRotation.behind.p-9",
      "caRotation.behind.p-0",
    ]);
    assert.match(problems({ caGeneration: 0.5 })[0] ?? "", /^caGeneration: 0\.5 is no number/);
  });

  it("may not name the present CA as the next, or one without its key", async () => {
    const ca = await issue({ subject: "CN=ca", isCA: true });
    const authority = { certPem: ca.certPem, privateKeyPem: ca.keyPem };
    const common = { validityHours: 1, deployedCa: { generation: 1, origins: {} } };
    const same = problems({
      ...common,
      certificateAuthority: authority,
      caRotation: { phase: "trustBoth", next: authority },
    });
    assert.match(same.join(), /^caRotation\.next\.certPem: this is the CA that the cluster has/);
    const keyless = problems({
      ...common,
      caRotation: { phase: "trustBoth", next: { certPem: ca.certPem } },
    });
    assert.match(keyless.join(), /^caRotation\.next\.privateKeyPem: .* has no key/);
  });
});

describe("a cluster in a rotation", () => {
  it("trusts and issues phase by phase, with all CAs, on all machines", async () => {
    const first = issuers(await build(inPhase("none")));
    for (const files of rotationPhases) {
      const registered = await build(inPhase(files));
      const text = textsIn(registered);
      const byNew = files === "issueNew" || files === "retireOld";
      for (const [name, ca] of Object.entries(issuers(registered))) {
        assert.equal(ca === first[name], !byNew, `${files} ${name}`);
      }
      const both = files !== "retireOld";
      for (const path of ["ca.crt", "front-proxy-ca.crt", "etcd/ca.crt"]) {
        const trusted = (text("cp-1", `${pki}/${path}`) ?? "").trim().split("\n");
        assert.equal(trusted.length, both ? 2 : 1, `${files} ${path}`);
        const [leaf] = Object.entries(issuers(registered)).filter(([name]) =>
          name.endsWith(
            { "ca.crt": "/apiserver", "etcd/ca.crt": "cp-1/etcd-peer" }[path] ??
              "/front-proxy-client",
          ),
        );
        assert.equal(`${trusted[0]}\n`, leaf?.[1], `${files} ${path}: who issues stands first`);
      }
      const bundle = text("cp-0", `${pki}/ca.crt`);
      assert.equal(text("p-0", `${pki}/ca.crt`), bundle);
      assert.equal(text("b-0", `${pki}/ca.crt`), bundle);
      for (const [machine, kubeconfig] of [
        ["p-0", "kubelet"],
        ["cp-0", "admin"],
        ["cp-1", "controller-manager"],
      ] as const) {
        const { clusters } = parse(text(machine, `/etc/kubernetes/${kubeconfig}.conf`) ?? "");
        const ca = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64");
        assert.equal(ca.toString(), bundle, `${files} ${kubeconfig}.conf`);
      }
      const manager = text("cp-0", "/etc/kubernetes/manifests/kube-controller-manager.yaml") ?? "";
      assert.match(manager, /--cluster-signing-cert-file=\/etc\/kubernetes\/pki\/issuing-ca\.crt/);
      assert.match(manager, /--root-ca-file=\/etc\/kubernetes\/pki\/ca\.crt/);
      assert.equal(text("cp-0", `${pki}/issuing-ca.crt`), `${(bundle ?? "").split("\n")[0]}\n`);
    }
  });

  it("ends with the same files, and without the CA that was", async () => {
    const retired = await build(inPhase("retireOld"));
    const ended = await build(args({ caGeneration: 2, deployedCa: standing("retireOld") }));
    const names = (list: readonly Registered[]) =>
      list.filter(({ type }) => type.startsWith("tls:")).map(({ type, name }) => `${type} ${name}`);
    const gone = names(retired).filter((name) => !names(ended).includes(name));
    assert.deepEqual(
      gone.map((name) => name.replace(/.*:/, "")).sort(),
      ["ca", "etcd-ca", "front-proxy-ca"]
        .flatMap((ca) => [`PrivateKey c/${ca}`, `SelfSignedCert c/${ca}`])
        .sort(),
    );
    assert.deepEqual(
      names(ended).filter((name) => !names(retired).includes(name)),
      [],
    );
    const secrets = (list: readonly Registered[]) =>
      list.flatMap(({ inputs }) => (inputs.type === hostFilesSecretType ? [inputs] : []));
    assert.deepEqual(secrets(ended), secrets(retired));
    const standings = await new Promise((resolve) => {
      void register(() => {
        new Cluster("c", args({ caGeneration: 2 })).caStanding.apply(resolve);
      });
    });
    assert.deepEqual(standings, { generation: 2, origins: { "2": "made" } });
  });

  it("makes the files of machines that are behind for their phase", async () => {
    const text = textsIn(
      await build(inPhase("issueNew", { behind: { "p-0": "trustBoth", "cp-1": "trustBoth" } })),
    );
    const before = textsIn(await build(inPhase("trustBoth")));
    const after = textsIn(await build(inPhase("issueNew")));
    for (const path of [`${pki}/ca.crt`, "/etc/kubernetes/kubelet.conf"]) {
      assert.equal(text("p-0", path), before("p-0", path));
      assert.equal(text("b-0", path), after("b-0", path));
    }
    for (const path of ["etcd/ca.crt", "etcd/ca.key", "ca.key", "issuing-ca.crt"]) {
      assert.equal(text("cp-1", `${pki}/${path}`), before("cp-1", `${pki}/${path}`), path);
      assert.equal(text("cp-0", `${pki}/${path}`), after("cp-0", `${pki}/${path}`), path);
    }
  });
});

describe("a rotation to a CA that is handed in", () => {
  it("issues by it, and ends as the CA that is handed in, without a change on any machine", async () => {
    const ca = await issue({
      subject: "CN=next",
      isCA: true,
      notBefore: new Date(Date.now() - 3_600_000),
      notAfter: new Date(Date.now() + 365 * 2 * 86_400_000),
    });
    const next = { certPem: ca.certPem, privateKeyPem: ca.keyPem };
    const written = writtenAnew(ca.certPem);
    const origins = {
      "1": "made",
      "2": createHash("sha256").update(new X509Certificate(ca.certPem).raw).digest("hex"),
    };
    const after = (phase: "trustBoth" | "issueNew") => ({ generation: 1, phase, origins });
    const issuing = await build(
      args({ caRotation: { phase: "issueNew", next }, deployedCa: after("trustBoth") }),
    );
    const text = textsIn(issuing);
    assert.ok((text("p-0", `${pki}/ca.crt`) ?? "").startsWith(`${written.trim()}\ncertificate `));
    assert.equal(text("cp-0", `${pki}/issuing-ca.crt`), written);
    assert.equal(issuers(issuing)["c/p/p-0/kubelet-serving"], written);
    const retired = await build(
      args({ caRotation: { phase: "retireOld", next }, deployedCa: after("issueNew") }),
    );
    const deployedCa = { ...after("issueNew"), phase: "retireOld" as const };
    const ended = await build(args({ caGeneration: 2, certificateAuthority: next, deployedCa }));
    const secrets = (list: readonly Registered[]) =>
      list.flatMap(({ inputs }) => (inputs.type === hostFilesSecretType ? [inputs] : []));
    assert.deepEqual(secrets(ended), secrets(retired));
    const forgotten = planProblems("c", args({ caGeneration: 2, deployedCa }));
    assert.match(forgotten.join(), /^certificateAuthority: one that the stack makes would take/);
  });

  it("has the CAs of its phase in the bundle of trustSelfSigned, on each control plane", async () => {
    const { certPem } = selfSigned({
      subject: "/CN=s-0@1",
      extensions: ["subjectAltName=DNS:s-0"],
    });
    const text = textsIn(
      await build({
        ...inPhase("issueNew", { behind: { "cp-1": "trustBoth" } }),
        stance: "trustSelfSigned",
        nodePools: [
          {
            name: "s",
            servingMode: "selfSigned",
            nodes: [{ name: "s-0", selfSignedCertificate: certPem }],
          },
        ],
      }),
    );
    for (const machine of ["cp-0", "cp-1"]) {
      const bundle = text(machine, `${pki}/kubelet-serving-bundle.crt`);
      assert.equal(bundle, `${text(machine, `${pki}/ca.crt`)}${writtenAnew(certPem)}`, machine);
    }
    const first = (machine: string) => text(machine, `${pki}/ca.crt`)?.split("\n")[0];
    assert.notEqual(first("cp-0"), first("cp-1"));
  });
});

describe("the policies, on a rotation", () => {
  const judge = async (given: ClusterArgs) =>
    violationsOf(await recordPreview(() => void new Cluster("c", given)))
      // Recorded resources have their secrets in the open.
      .filter(({ policy }) => policy !== "private-key-exposure")
      .filter(({ enforcementLevel }) => enforcementLevel === "mandatory");

  it("accept each phase while some machines have the one before, before any PEM is known", async () => {
    for (const [index, files] of rotationPhases.entries()) {
      // Old and new, each on a control plane and on a node.
      const before = all[index] ?? "none";
      const found = await judge(inPhase(files, { behind: { "p-0": before, "cp-1": before } }));
      assert.deepEqual(found, [], `${files} beside ${before}`);
    }
  });

  it("reject two phases apart, with the symptom", async () => {
    const retired = await judge(inPhase("retireOld", { behind: { "p-0": "trustBoth" } }));
    assert.ok(retired.length > 0);
    assert.match(
      retired.map(({ message }) => message).join(),
      /certificate signed by unknown authority/,
    );
    const early = await judge(inPhase("issueNew", { behind: { "b-0": "none" } }));
    assert.match(
      early.map(({ message }) => message).join(),
      /the server has asked for the client to provide credentials/,
    );
  });
});
