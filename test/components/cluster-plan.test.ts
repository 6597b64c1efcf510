import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { Cluster, type ClusterArgs } from "../../components/index.ts";
import { planCluster } from "../../components/plan/cluster-plan.ts";
import { register } from "./mocks.ts";

const good: ClusterArgs = {
  controlPlanes: [{ name: "control-plane-0", addresses: ["10.240.0.10"] }],
  nodePools: [{ name: "workers", nodes: [{ name: "worker-0", addresses: ["10.240.0.11"] }] }],
};

const worker = (name: string, ...addresses: string[]) => ({ name, addresses });
const pool = (...nodes: { name: string; addresses: string[] }[]) => ({
  nodePools: [{ name: "workers", nodes }],
});

describe("planCluster", () => {
  it("fills in kubeadm's defaults", () => {
    assert.deepEqual(planCluster("prod", good).settings, {
      clusterName: "prod",
      kubernetesVersion: "1.37.2",
      controlPlaneEndpoint: "10.240.0.10:6443",
      serviceSubnet: "10.96.0.0/12",
      dnsDomain: "cluster.local",
      stance: "verify",
      keyAlgorithm: "ECDSA-P256",
      validityHours: 8760,
      caValidityHours: 87600,
      earlyRenewalHours: 720,
    });
  });

  it("never lets a new certificate be due for renewal", () => {
    const { earlyRenewalHours } = planCluster("c", { ...good, validityHours: 24 }).settings;
    assert.equal(earlyRenewalHours, 8);
  });

  it("takes host names, IPv4 and IPv6 as endpoints and gives them kubeadm's port", () => {
    const cases: [string, string][] = [
      ["api.example.org", "api.example.org:6443"],
      ["api.example.org:443", "api.example.org:443"],
      ["10.0.0.1", "10.0.0.1:6443"],
      ["fd00::10", "[fd00::10]:6443"],
      ["[fd00::10]:443", "[fd00::10]:443"],
    ];
    for (const [controlPlaneEndpoint, expected] of cases) {
      const { settings } = planCluster("c", { ...good, controlPlaneEndpoint });
      assert.equal(settings.controlPlaneEndpoint, expected);
    }
  });

  const refused: [string, Partial<ClusterArgs>, RegExp][] = [
    [
      "a duplicate node name",
      pool(worker("worker-0", "10.240.0.11"), worker("worker-0", "10.240.0.12")),
      /nodePools\[0\]\.nodes\[1\]\.name: "worker-0" is the name of nodePools\[0\]\.nodes\[0\] too\. Give/,
    ],
    [
      "a node named like a control plane",
      pool(worker("control-plane-0", "10.240.0.11")),
      /"control-plane-0" is the name of controlPlanes\[0\] too/,
    ],
    [
      "an address of two nodes",
      pool(worker("worker-0", "10.240.0.11"), worker("worker-1", "10.240.0.11")),
      /nodes\[1\]\.addresses: 10\.240\.0\.11 is an InternalIP of nodePools\[0\]\.nodes\[0\] too/,
    ],
    [
      "an upper-case name",
      pool(worker("Worker-0", "10.240.0.11")),
      /nodes\[0\]\.name: "Worker-0" is no node name\. Write worker-0\./,
    ],
    [
      "an over-long name",
      pool(worker("w".repeat(64), "10.240.0.11")),
      /nodes\[0\]\.name: "w{64}" has 64 characters, .*holds 63\. Shorten the name\./,
    ],
    [
      "an address that is no IP",
      pool(worker("worker-0", "10.240.0.300")),
      /addresses\[0\]: "10\.240\.0\.300" is no IP address\. Write an IPv4 or IPv6 address/,
    ],
    [
      "a provisioned node without an IP",
      pool(worker("worker-0")),
      /worker-0 has no InternalIP, and in mode provisioned its serving certificate.* Add its IP address\./,
    ],
    [
      "a bootstrapping node without an IP",
      { nodePools: [{ name: "b", servingMode: "bootstrap", nodes: [worker("b-0")] }] },
      /b-0 has no InternalIP, and in mode bootstrap a kubelet requests no serving certificate.* Add/,
    ],
    [
      "an unknown key algorithm",
      { keyAlgorithm: "RSA-1024" as never },
      /keyAlgorithm: "RSA-1024" is none of RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384\. Use/,
    ],
    ["a validity of zero", { validityHours: 0 }, /validityHours: 0 is no lifetime\. Give/],
    ["a negative validity", { validityHours: -1 }, /validityHours: -1 is no lifetime\. Give/],
    [
      "a validity longer than the CA's",
      { validityHours: 200, caValidityHours: 100 },
      /validityHours: 200 is longer than the CA's 100 \(caValidityHours\).* Give at most 100/,
    ],
    ["a malformed version", { kubernetesVersion: "1.37" }, /kubernetesVersion: "1\.37" is no/],
    [
      "a version older than 1.34",
      { kubernetesVersion: "1.33.9" },
      /1\.33\.9 is older than 1\.34\.0/,
    ],
    ["a skip without a reason", { stance: "skip" }, /skipReason: stance skip .* Say why/],
    [
      "a skip whose reason is none",
      { stance: "skip", skipReason: "n/a" },
      /skipReason: "n\/a" is no reason: .*2 different words.* Say in words why/,
    ],
    [
      "a reason without a skip",
      { skipReason: "because" },
      /skipReason: "because" is given, but stance verify does not skip\. Remove/,
    ],
    ["an unknown stance", { stance: "trust" as never }, /stance: "trust" is none of verify/],
    [
      "an unknown serving mode",
      { nodePools: [{ name: "w", servingMode: "issued" as never, nodes: [] }] },
      /nodePools\[0\]\.servingMode: "issued" is no serving mode\. Use one of provisioned/,
    ],
    [
      "self-signing kubelets under verify",
      { nodePools: [{ name: "s", servingMode: "selfSigned", nodes: [worker("s-0", "10.0.0.1")] }] },
      /nodePools\[0\]\.servingMode: selfSigned does not go together with stance verify: .*doesn't contain any IP SANs.* Either use servingMode provisioned or bootstrap, or keep selfSigned and use stance trustSelfSigned with each kubelet\.crt or skip with a skipReason\./,
    ],
    [
      "trustSelfSigned without the certificates",
      {
        stance: "trustSelfSigned",
        nodePools: [{ name: "s", servingMode: "selfSigned", nodes: [worker("s-0", "10.0.0.1")] }],
      },
      /selfSignedCertificate: stance trustSelfSigned .* that of s-0 is missing\. Copy .*kubelet\.crt/,
    ],
    ["no control plane", { controlPlanes: [] }, /controlPlanes: there is none\. Give at least one/],
    [
      "a control plane without an IP",
      {
        controlPlanes: [{ name: "cp" }],
        controlPlaneServingMode: "selfSigned",
        stance: "skip",
        skipReason: "nobody looks in a lab",
      },
      /controlPlanes\[0\]\.addresses: cp has no InternalIP for kube-apiserver/,
    ],
    [
      "two pools of one name",
      {
        nodePools: [
          { name: "w", nodes: [] },
          { name: "w", nodes: [] },
        ],
      },
      /nodePools\[1\]\.name: "w" is the name of another pool too/,
    ],
    [
      "a bad endpoint",
      { controlPlaneEndpoint: "https://x" },
      /controlPlaneEndpoint: .* Write e\.g\./,
    ],
    ["a bad subnet", { serviceSubnet: "10.96.0.0" }, /serviceSubnet: "10\.96\.0\.0" is no subnet/],
    [
      "an expiration that is no time",
      { bootstrapTokenExpiration: "tomorrow" },
      /bootstrapTokenExpiration: "tomorrow" is no RFC 3339 time\. Write/,
    ],
    [
      "a CA without its key",
      { certificateAuthority: { certPem: "x" } },
      /certificateAuthority\.privateKeyPem: .* has no key here\. Give the key too/,
    ],
    [
      "a CA that is no certificate",
      { certificateAuthority: { certPem: "x", privateKeyPem: "y" } },
      /certificateAuthority\.certPem: expected one PEM certificate, found 0\. Give/,
    ],
  ];

  refused.push(
    [
      "requests with nobody to sign them",
      {
        caKeyOnControlPlanes: false,
        nodePools: [{ name: "b", servingMode: "bootstrap", nodes: [worker("b-0", "10.240.0.21")] }],
      },
      /nodePools\[0\]\.servingMode: bootstrap needs a signer, .* Use servingMode provisioned/,
    ],
    [
      "a lifetime that is none",
      { superAdminHours: 1.5 },
      /superAdminHours: 1\.5 is no lifetime\. Give a whole number of hours, or 0/,
    ],
    [
      "a node whose address is a service's",
      pool(worker("w-0", "10.96.3.4")),
      /nodePools\[0\]\.nodes\[0\]\.addresses: 10\.96\.3\.4 lies in serviceSubnet 10\.96\.0\.0\/12/,
    ],
    [
      "pods with services' addresses",
      { podSubnet: "10.100.0.0/16" },
      /podSubnet: 10\.100\.0\.0\/16 overlaps serviceSubnet.* Give ranges apart/,
    ],
    [
      "services of another family than kube-apiserver's address",
      { serviceSubnet: "fd00:10::/108" },
      /serviceSubnet: it begins with an IPv6 CIDR, .* 10\.240\.0\.10 is IPv4.* Begin with an IPv4/,
    ],
    [
      "two service subnets of one family",
      { serviceSubnet: "10.96.0.0/16,10.97.0.0/16" },
      /serviceSubnet: .* more than one CIDR of a family/,
    ],
    [
      "a node of another stack without an address",
      { nodesOfOtherStacks: [{ name: "x-0" }] },
      /nodesOfOtherStacks\[0\]\.addresses: x-0 has no InternalIP/,
    ],
    [
      "an image with its tag",
      { approver: { image: "postfinance/kubelet-csr-approver:v1" } },
      /approver\.image: ".*:v1" is no name of an image without its tag\. Write/,
    ],
    [
      "an image that is none",
      { approver: { image: "https://example.org/a" } },
      /approver\.image: .* is no name of an image/,
    ],
    [
      "a tag that is none",
      { approver: { version: "v1.2.14 --x" } },
      /approver\.version: .* is no tag of an image\. Write/,
    ],
  );

  for (const [what, change, pattern] of refused) {
    it(`refuses ${what} before anything is registered`, async () => {
      const registered = await register(() => {
        assert.throws(
          () => new Cluster("cluster", { ...good, ...change }),
          (error: Error) => {
            assert.ok(pulumi.RunError.isInstance(error), "a RunError shows no stack trace");
            assert.match(error.message, pattern);
            return true;
          },
        );
      });
      assert.deepEqual(registered, []);
    });
  }

  it("tells every problem at once, a paragraph each", () => {
    assert.throws(
      () => planCluster("c", { ...good, validityHours: 0, kubernetesVersion: "1.2" }),
      (error: Error) => error.message.split("\n\n").length === 2,
    );
  });
});
