import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import {
  type ApproverRules,
  approverRules,
  objection,
  type SigningRequest,
} from "../../lab/kubernetes/approver.ts";
import {
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "../support/x509.ts";

const rules: ApproverRules = {
  namespace: "kube-system",
  serviceAccount: "kubelet-csr-approver",
  names: /^(burst-0|burst-1)$/,
  addresses: ["10.240.0.21/32", "fd00::/64"],
  longestSeconds: 3600,
  mostDnsNames: 1,
};

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
    assert.equal(objection(rules, await request()), undefined);
  });

  it("approves an IPv6 address of a listed network", async () => {
    assert.equal(
      objection(rules, await request({ addresses: ["10.240.0.21", "fd00::7"] })),
      undefined,
    );
  });

  const refusals: readonly [string, Changes, RegExp][] = [
    ["an unlisted node", { username: "system:node:other" }, /node name other does not match/],
    ["a user that is no node", { username: "alice" }, /alice is not a node/],
    ["a user outside system:nodes", { spec: { groups: [] } }, /not in system:nodes/],
    ["another node's name", { commonName: "system:node:burst-1" }, /the CN is system:node:burst-1/],
    ["another node's DNS name", { dnsNames: ["burst-1"] }, /DNS name burst-1 is not the node's/],
    ["an address that is not listed", { addresses: ["10.240.0.22"] }, /address 10\.240\.0\.22/],
    ["no name and no address", { dnsNames: [], addresses: [] }, /names no address/],
    ["more DNS names than allowed", { dnsNames: ["burst-0", "burst-0"] }, /2 DNS names/],
    ["a use as a client", { spec: { usages: ["client auth"] } }, /usage client auth/],
    ["a longer lifetime", { spec: { expirationSeconds: 7200 } }, /7200 s, more than 3600 s/],
  ];
  for (const [what, changes, message] of refusals) {
    it(`denies ${what}`, async () => {
      assert.match(objection(rules, await request(changes)) ?? "(approved)", message);
    });
  }

  it("denies a node the address of its neighbour when it looks names up, but not without a name", async () => {
    const resolved = new Map([
      ["burst-0", ["10.240.0.21"]],
      ["burst-1", ["fd00::1"]],
    ]);
    const looking = { ...rules, resolved };
    const neighbours = { addresses: ["fd00::1"] };
    assert.equal(objection(looking, await request()), undefined);
    assert.equal(objection(rules, await request(neighbours)), undefined);
    assert.match(
      objection(looking, await request(neighbours)) ?? "",
      /^address fd00::1 is not among what its names resolve to, 10\.240\.0\.21$/,
    );
    assert.match(
      objection({ ...rules, resolved: new Map() }, await request()) ?? "",
      /^DNS name burst-0 cannot be resolved$/,
    );
    assert.equal(objection(looking, await request({ ...neighbours, dnsNames: [] })), undefined);
  });

  it("takes its rules from the rendered Deployment, and has none without one", () => {
    const env = [
      { name: "PROVIDER_REGEX", value: "^(burst-0)$" },
      { name: "PROVIDER_IP_PREFIXES", value: "10.240.0.21/32" },
      { name: "MAX_EXPIRATION_SEC", value: "60" },
      { name: "ALLOWED_DNS_NAMES", value: "2" },
    ];
    const hostAliases = [
      { ip: "10.240.0.21", hostnames: ["burst-0"] },
      { ip: "fd00::21", hostnames: ["burst-0"] },
    ];
    const deployment = {
      kind: "Deployment",
      metadata: { name: "kubelet-csr-approver", namespace: "kube-system" },
      spec: {
        template: {
          spec: { serviceAccountName: "approver", containers: [{ env }], hostAliases },
        },
      },
    };
    const stack = { folder: "", machines: [], manifestFolders: [], manifests: [deployment] };
    assert.deepEqual(approverRules(stack), {
      namespace: "kube-system",
      serviceAccount: "approver",
      names: /^(burst-0)$/,
      addresses: ["10.240.0.21/32"],
      longestSeconds: 60,
      mostDnsNames: 2,
      resolved: new Map([["burst-0", ["10.240.0.21", "fd00::21"]]]),
    });
    assert.equal(approverRules({ ...stack, manifests: [] }), undefined);
  });
});
