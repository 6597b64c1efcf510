import assert from "node:assert/strict";
import { issue } from "../../../lab/x509/issue.ts";
import { addressesOf } from "../../../trust/programs/node.ts";
import type { Piece } from "../../../trust/readers/piece.ts";
import { known, unknown } from "../../../trust/words/fact.ts";
import type { FileContent } from "../../../trust/words/facts.ts";
import {
  apiServer,
  at,
  closed,
  configuration,
  judged,
  kubeadm,
  program,
  rbac,
  said,
  servingOf,
  verifying,
} from "./pieces.ts";

const client = await issue({ subject: "CN=client-ca", isCA: true });
const server = await issue({ subject: "CN=server-ca", isCA: true });
const text = (pem: string): FileContent => ({ kind: "text", text: pem });

const cp = { machine: "control plane" };
const verifier = program(
  "kube-apiserver --authorization-mode=Node,RBAC --kubelet-certificate-authority=/srv/server-ca.crt --kubelet-preferred-address-types=InternalIP",
  at("kube-apiserver.sh", cp),
  { version: "1.37.2" },
);
const manager = (ca: string) =>
  program(
    `kube-controller-manager --cluster-signing-kubelet-serving-cert-file=/srv/${ca}.crt --cluster-signing-kubelet-serving-key-file=/srv/${ca}.key`,
    at("manager.sh", cp),
  );
const files: readonly Piece[] = [
  {
    kind: "file",
    origin: at("1", cp),
    path: "/srv/client-ca.crt",
    content: known(text(client.certPem)),
  },
  {
    kind: "file",
    origin: at("2", cp),
    path: "server-ca.crt",
    content: known(text(server.certPem)),
  },
];
const kubelet = configuration("serverTLSBootstrap: true", at("kubelet.yaml", { machine: "node" }));

describe("who signs what kubelets request", () => {
  const issued = { request: "issued" } as const;

  it("is what kube-controller-manager says, by the files beside kube-apiserver", () => {
    const by = (ca: string) => said(servingOf([verifier, kubelet, manager(ca), ...files], issued));
    assert.match(by("client-ca"), /^fails: .*unknown authority/);
    assert.match(by("server-ca"), /^verified/);
  });

  it("is what a person states, whatever is said", () => {
    const options = { ...issued, signer: text(server.certPem) };
    const pieces = [verifier, kubelet, manager("client-ca"), ...files];
    assert.equal(servingOf(pieces, options).verdict, "verified");
  });

  it("is not known where two sign differently, or its file is not", () => {
    const two = [manager("client-ca"), manager("server-ca")];
    assert.match(
      said(servingOf([verifier, kubelet, ...two, ...files], issued)),
      /undecidable: which kube-controller-manager signs/,
    );
    assert.match(
      said(servingOf([verifier, kubelet, manager("elsewhere"), ...files], issued)),
      /undecidable: the content of \/srv\/elsewhere\.crt/,
    );
  });

  it("is nobody where the signing flags are another signer's", () => {
    const stranger = program(
      "kube-controller-manager --cluster-signing-legacy-unknown-cert-file=/a --cluster-signing-legacy-unknown-key-file=/b",
    );
    assert.match(
      said(servingOf([apiServer("verify"), kubelet, stranger], issued)),
      /no signer takes up|never/i,
    );
  });
});

describe("RBAC of a cluster", () => {
  const upgraded = verifying.replace("1.37.2", "1.35.5");
  const exported = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "kubeadm:cluster-admins"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: Group, name: "kubeadm:cluster-admins"}]
`;
  const application = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: app}
rules: [{apiGroups: [""], resources: [pods, nodes/metrics], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: app}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: app}
subjects: [{kind: ServiceAccount, name: app, namespace: app}]
`;
  const logs = (pieces: readonly Piece[], options = {}) => {
    const { kubelets, assumptions } = judged([kubeadm(upgraded), ...pieces], options);
    return { outcome: said(kubelets[0]?.verdicts[0]?.client.logs), assumptions };
  };

  it("is kubeadm's where none is given, and that is said", () => {
    const { outcome, assumptions } = logs([]);
    assert.match(outcome, /^verified/);
    assert.ok(assumptions.includes("The cluster has the RBAC objects that kubeadm makes."));
  });

  it("is what is given where that is the cluster's own", () => {
    const { outcome, assumptions } = logs([rbac(exported)]);
    assert.match(outcome, /Forbidden \(user=kube-apiserver-kubelet-client/);
    assert.ok(!assumptions.some((one) => one.includes("RBAC")));
  });

  it("is kubeadm's beside an application's, unless all is said to be given", () => {
    assert.match(logs([rbac(application)]).outcome, /^verified/);
    assert.match(logs([rbac(application)], { isWholeRbac: true }).outcome, /Forbidden/);
  });
});

describe("the addresses of a node", () => {
  it("have its name as Hostname, whatever is stated", () => {
    const pieces = [
      program("kube-apiserver --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"),
      program("kubelet --kubeconfig=/k --config=/c.yaml --hostname-override=CP-7", at("n")),
      configuration(closed, at("n", { key: "c.yaml" })),
    ];
    const addresses = known([{ type: "InternalIP", address: "10.0.0.7" }] as const);
    const { kubelets } = judged(pieces, { addresses });
    assert.ok(kubelets[0]);
    assert.deepEqual(addressesOf(kubelets[0].facts.node), [
      { type: "InternalIP", address: "10.0.0.7" },
      { type: "Hostname", address: "cp-7" },
    ]);
    const serving = said(kubelets[0]?.verdicts[0]?.serving);
    assert.match(serving, /unknown authority/);
  });

  it("are those of the Node object of its name", () => {
    const origin = at("nodes.json");
    const value = [{ type: "Hostname", address: "w" }] as const;
    const { kubelets } = judged([
      apiServer("verify"),
      program("kubelet --kubeconfig=/k --hostname-override=w"),
      { kind: "node", origin, name: "w", addresses: value },
    ]);
    assert.match(said(kubelets[0]?.verdicts[0]?.serving), /unknown authority/);
    assert.equal(kubelets[0]?.facts.node.addresses.known, true);
  });

  it("stay unknown where they are", () => {
    const { kubelets } = judged([apiServer("verify"), configuration(closed)], {
      addresses: unknown("addresses"),
    });
    assert.equal(kubelets[0]?.facts.node.addresses.known, false);
  });
});
