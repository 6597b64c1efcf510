/** A cluster on loopback: an API server over TLS that gives recorded objects, and the TLS ends of its kubelets. */
import * as fs from "node:fs";
import * as https from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import * as tls from "node:tls";
import { stringify } from "yaml";
import { type Issued, issue } from "../../../lab/x509/issue.ts";

/** What one path answers: an object, a status with a text, or never anything. */
export type Reply = object | { readonly status: number; readonly text: string } | typeof never;

/** The request is taken, and no answer comes. */
export const never = "never";

/** A running fake; paths without a reply answer 404. */
export type FakeCluster = {
  readonly ca: Issued;
  readonly server: string;
  /** Replies by path, without the query; tests change it. */
  readonly replies: Map<string, Reply>;
  /** Every request that was made: method and path. */
  readonly requests: string[];
  /** Writes a kubeconfig, and gives its path. */
  readonly kubeconfig: (changes?: { readonly token?: string; readonly server?: string }) => string;
  /** Starts the TLS end of a kubelet on loopback, and gives its port; without a pair it has no certificate. */
  readonly kubelet: (pair?: Pick<Issued, "certPem" | "keyPem">) => Promise<number>;
  /** Starts a port that takes a connection and never answers, and gives its number. */
  readonly hangingKubelet: () => Promise<number>;
  readonly stop: () => Promise<void>;
};

/** How a connection to a hanging kubelet stands among the requests. */
export const silentConnection = "a connection that nobody answers";

/** The token that the server knows. */
export const token = "abcdef.0123456789abcdef";

/** Starts one, with no object in it. */
export async function startFakeCluster(): Promise<FakeCluster> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-doctor-"));
  const ca = await issue({ subject: "CN=kubernetes", isCA: true });
  const pair = await issue({
    subject: "CN=kube-apiserver",
    issuer: ca,
    usages: ["serverAuth"],
    ipAddresses: ["127.0.0.1"],
  });
  const replies = new Map<string, Reply>([["/version", { gitVersion: "v1.37.2" }]]);
  const requests: string[] = [];
  const open = new Set<Socket>();
  const servers: Server[] = [];
  const keep = (server: Server) => {
    servers.push(server);
    server.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    });
    return new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
    );
  };
  const port = await keep(
    https.createServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
      const url = new URL(request.url ?? "/", "https://fake");
      requests.push(`${request.method} ${url.pathname}`);
      const isKnown = request.headers.authorization === `Bearer ${token}`;
      if (isKnown && replies.get(url.pathname) === never) return;
      const { status, text } = isKnown ? answerOf(replies, url) : refusal(401, "Unauthorized");
      response.writeHead(status, { "Content-Type": "application/json" }).end(text);
    }),
  );
  const server = `https://127.0.0.1:${port}`;
  let written = 0;
  return {
    ca,
    server,
    replies,
    requests,
    kubeconfig: (changes = {}) => {
      const file = path.join(folder, `kubeconfig-${written++}`);
      fs.writeFileSync(file, kubeconfigText(changes.server ?? server, ca, changes.token ?? token));
      return file;
    },
    hangingKubelet: () =>
      keep(
        createServer((socket) => {
          requests.push(silentConnection);
          socket.on("error", () => {});
        }),
      ),
    kubelet: (own) => keep(own ? kubeletEnd(own) : endWithoutCertificate()),
    stop: async () => {
      for (const socket of open) socket.destroy();
      await Promise.all(servers.map((one) => new Promise((resolve) => one.close(resolve))));
      fs.rmSync(folder, { recursive: true });
    },
  };
}

function kubeconfigText(server: string, { certPem }: Issued, bearer: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "fake",
        cluster: {
          server,
          "certificate-authority-data": Buffer.from(certPem).toString("base64"),
        },
      },
    ],
    users: [{ name: "somebody", user: { token: bearer } }],
    contexts: [{ name: "here", context: { cluster: "fake", user: "somebody" } }],
    "current-context": "here",
  });
}

function answerOf(replies: ReadonlyMap<string, Reply>, url: URL) {
  const reply = replies.get(url.pathname);
  if (reply === undefined || reply === never)
    return refusal(404, "the server could not find the requested resource");
  if ("status" in reply && "text" in reply && typeof reply.text === "string") {
    return { status: Number(reply.status), text: reply.text };
  }
  if (!("items" in reply) || !Array.isArray(reply.items)) {
    return { status: 200, text: JSON.stringify(reply) };
  }
  // Pages, as kube-apiserver gives them.
  const from = Number(url.searchParams.get("continue") ?? 0);
  const to = from + Number(url.searchParams.get("limit") ?? 500);
  const metadata = to < reply.items.length ? { continue: String(to) } : {};
  const page = { ...reply, metadata, items: reply.items.slice(from, to) };
  return { status: 200, text: JSON.stringify(page) };
}

/** A refusal as kube-apiserver words it. */
export function refusal(status: number, message: string) {
  const text = JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", message });
  return { status, text };
}

function kubeletEnd({ certPem: cert, keyPem: key }: Pick<Issued, "certPem" | "keyPem">): Server {
  const server = tls.createServer({ cert, key, requestCert: true, rejectUnauthorized: false });
  return server.on("tlsClientError", () => {});
}

/** Answers every ClientHello with the alert `internal error`, as Go does that has no certificate. */
function endWithoutCertificate(): Server {
  const alert = Buffer.from([21, 3, 3, 0, 2, 2, 80]);
  return createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(alert));
  });
}

/** A certificate as a kubelet makes it for itself. Source: client-go `util/cert/cert.go` (GenerateSelfSignedCertKey). */
export async function selfSigned(hostName: string): Promise<Issued> {
  const time = 1764000000;
  const authority = await issue({ subject: `CN=${hostName}-ca@${time}`, isCA: true });
  const own = await issue({
    subject: `CN=${hostName}@${time}`,
    issuer: authority,
    usages: ["serverAuth"],
    dnsNames: [hostName],
  });
  return { ...own, certPem: own.certPem + authority.certPem };
}

/** A Node object, as far as the doctor looks at it. */
export function nodeObject(name: string, port: number, address = "127.0.0.1") {
  return {
    metadata: { name },
    status: {
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      nodeInfo: { kubeletVersion: "v1.37.2" },
    },
  };
}

/** A list as kube-apiserver gives it: its items have no kind. */
export function listOf(kind: string, items: readonly object[], apiVersion = "v1") {
  return { kind: `${kind}List`, apiVersion, metadata: {}, items };
}

/** The static pod of a kube-apiserver, as its kubelet mirrors it. */
export function apiServerPod(flags: readonly string[]) {
  return {
    metadata: {
      name: "kube-apiserver-cp-0",
      namespace: "kube-system",
      labels: { component: "kube-apiserver", tier: "control-plane" },
      annotations: { "kubernetes.io/config.mirror": "1" },
    },
    spec: {
      nodeName: "cp-0",
      hostNetwork: true,
      containers: [
        {
          name: "kube-apiserver",
          image: "registry.k8s.io/kube-apiserver:v1.37.2",
          command: [
            "kube-apiserver",
            "--authorization-mode=Node,RBAC",
            "--client-ca-file=/etc/kubernetes/pki/ca.crt",
            "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
            ...flags,
          ],
        },
      ],
    },
  };
}

/** A KubeletConfiguration as kubeadm writes it. */
export function kubeletConfig(changes: object) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
    },
    authorization: { mode: "Webhook" },
    rotateCertificates: true,
    ...changes,
  };
}

/** A node's request for a serving certificate. */
export function requestOf(node: string, status: object = {}, created = "2026-11-26T08:00:00Z") {
  return {
    metadata: { name: `csr-${node}`, creationTimestamp: created },
    spec: {
      signerName: "kubernetes.io/kubelet-serving",
      username: `system:node:${node}`,
      groups: ["system:nodes", "system:authenticated"],
      usages: ["digital signature", "server auth"],
      request: "",
    },
    status,
  };
}

/** kubelet-csr-approver, without the RBAC that it needs. */
export function approver(changes: object = {}) {
  const name = "kubelet-csr-approver";
  return {
    metadata: { name, namespace: "kube-system" },
    spec: {
      replicas: 1,
      template: {
        spec: {
          serviceAccountName: name,
          containers: [{ name, image: `ghcr.io/postfinance/${name}:v1.2.14`, args: [] }],
        },
      },
    },
    status: { observedGeneration: 1, availableReplicas: 1 },
    ...changes,
  };
}

const roleRef = (name: string) => ({
  apiGroup: "rbac.authorization.k8s.io",
  kind: "ClusterRole",
  name,
});

/** RBAC of a cluster that kubeadm has made, as far as kubelets are concerned. */
export const systemRbac = {
  roles: [
    {
      metadata: { name: "system:kubelet-api-admin" },
      rules: [
        {
          apiGroups: [""],
          resources: ["nodes/proxy", "nodes/metrics", "nodes/stats", "nodes/log"],
          verbs: ["*"],
        },
      ],
    },
  ],
  bindings: [
    {
      metadata: { name: "kubeadm:apiserver-kubelet-client" },
      roleRef: roleRef("system:kubelet-api-admin"),
      subjects: [
        {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "User",
          name: "kube-apiserver-kubelet-client",
        },
      ],
    },
  ],
};
