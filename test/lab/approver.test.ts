import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { deployedApprover, objection, type SigningRequest } from "../../lab/kubernetes/approver.ts";
import {
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "../../lab/x509/library.ts";

type Env = Readonly<Record<string, string>>;

/** A stack with an approver, as its component renders it. */
function stack(env: Env = {}, image = "postfinance/kubelet-csr-approver:v1.2.14") {
  const settings: Env = {
    PROVIDER_REGEX: "^(burst-0|burst-1)$",
    PROVIDER_IP_PREFIXES: "10.240.0.21/32,fd00::/64",
    MAX_EXPIRATION_SEC: "3600",
    BYPASS_DNS_RESOLUTION: "false",
    ...env,
  };
  const containers = [
    { image, env: Object.entries(settings).map(([name, value]) => ({ name, value })) },
  ];
  const hostAliases = [
    { ip: "10.240.0.21", hostnames: ["burst-0"] },
    { ip: "fd00:0::7", hostnames: ["burst-0"] },
    { ip: "fd00::1", hostnames: ["burst-1"] },
  ];
  const deployment = {
    kind: "Deployment",
    metadata: { name: "kubelet-csr-approver", namespace: "kube-system" },
    spec: { template: { spec: { serviceAccountName: "approver", containers, hostAliases } } },
  };
  return { folder: "", machines: [], manifestFolders: [], manifests: [deployment] };
}

async function said(changes: Changes = {}, env: Env = {}): Promise<string> {
  const approver = deployedApprover(stack(env));
  assert.ok(approver);
  return objection(approver, await request(changes)) ?? "(approved)";
}

type Changes = {
  readonly commonName?: string;
  readonly username?: string;
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly spec?: Partial<SigningRequest["spec"]>;
};

async function request(changes: Changes = {}): Promise<SigningRequest> {
  const username = changes.username ?? "system:node:burst-0";
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const names = [
    ...(changes.dnsNames ?? ["burst-0"]).map((value) => ({ type: "dns", value }) as const),
    ...(changes.addresses ?? ["10.240.0.21"]).map((value) => ({ type: "ip", value }) as const),
  ];
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${changes.commonName ?? username},O=system:nodes`,
    keys: await webcrypto.subtle.generateKey(algorithm, false, ["sign", "verify"]),
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [],
  });
  return {
    metadata: { name: "csr-1" },
    spec: {
      signerName: "kubernetes.io/kubelet-serving",
      username,
      groups: ["system:nodes", "system:authenticated"],
      usages: ["digital signature", "server auth"],
      request: Buffer.from(csr.toString("pem")).toString("base64"),
      ...changes.spec,
    },
  };
}

describe("the lab's approver", () => {
  it("approves what keeps the rules", async () => {
    assert.equal(await said(), "(approved)");
  });

  it("approves an IPv6 address of a listed network", async () => {
    assert.equal(await said({ addresses: ["10.240.0.21", "fd00::7"] }), "(approved)");
  });

  const refusals: readonly [string, Changes, RegExp][] = [
    [
      "an unlisted node",
      { username: "system:node:other", dnsNames: ["other"] },
      /name other does not match/,
    ],
    ["a user that is no node", { username: "alice" }, /alice is not a node/],
    ["another node's name", { commonName: "system:node:burst-1" }, /CN system:node:burst-1/],
    ["another node's DNS name", { dnsNames: ["burst-1"] }, /burst-1 does not begin with the node/],
    ["an address that is not listed", { addresses: ["10.240.0.22"] }, /address 10\.240\.0\.22/],
    [
      "no name and no address",
      { dnsNames: [], addresses: [] },
      /neither a DNS name nor an address/,
    ],
    ["more DNS names than allowed", { dnsNames: ["burst-0", "burst-0"] }, /2 DNS names/],
    ["a longer lifetime", { spec: { expirationSeconds: 7200 } }, /7200 s.* 3600$/],
  ];
  for (const [what, changes, message] of refusals) {
    it(`denies ${what}`, async () => {
      assert.match(await said(changes), message);
    });
  }

  it("denies a node the address of its neighbour when it looks names up, but not without a name", async () => {
    const neighbours = { addresses: ["fd00::1"] };
    assert.equal(await said(neighbours, { BYPASS_DNS_RESOLUTION: "true" }), "(approved)");
    assert.match(await said(neighbours), /^its address fd00::1 .*: 10\.240\.0\.21, fd00::7$/);
    assert.equal(await said({ ...neighbours, dnsNames: [] }), "(approved)");
  });

  it("finds no name but those of the hosts file", async () => {
    const env = { PROVIDER_REGEX: "" };
    assert.match(await said({ dnsNames: ["burst-0.lan"] }, env), /burst-0\.lan is not found/);
  });

  it("reads expressions as Go does", async () => {
    const env = { PROVIDER_REGEX: "(?i)^BURST-[[:digit:]]\\z" };
    assert.equal(await said({}, env), "(approved)");
  });

  it("takes namespace and ServiceAccount from the rendered Deployment, and is none without one", () => {
    const { namespace, serviceAccount } = deployedApprover(stack()) ?? {};
    assert.deepEqual([namespace, serviceAccount], ["kube-system", "approver"]);
    assert.equal(deployedApprover({ ...stack(), manifests: [] }), undefined);
  });

  it("knows it by its settings, whatever its image is called", async () => {
    const approver = deployedApprover(stack({}, "registry.example/mirror:1"));
    assert.ok(approver);
    assert.match(
      objection(approver, await request({ addresses: ["10.9.9.9"] })) ?? "",
      /10\.9\.9\.9/,
    );
  });

  it("refuses settings that the program does not start on", () => {
    assert.throws(() => deployedApprover(stack({ PROVIDER_REGEX: "(?=a)" })), {
      message: /PROVIDER_REGEX is "\(\?=a\)".* render the stack again/,
    });
  });
});
