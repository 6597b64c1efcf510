/**
 * From a cluster that runs to pieces: objects of its API, what kubelets answer through kube-apiserver, and what their
 * ports present. What the pieces mean is for the readers and trust/cluster.
 */
import type { AssembleOptions } from "../../trust/cluster/assembly.ts";
import { flagText } from "../../trust/cluster/flags.ts";
import { kubeadmPkiDirectory } from "../../trust/kubeadm/pki.ts";
import { newestKnownVersion } from "../../trust/kubernetes/version.ts";
import type { FilePiece, NodePiece, Piece, ProgramPiece } from "../../trust/readers/piece.ts";
import { type GivenObject, readObject, readTogether } from "../../trust/readers/recognise.ts";
import { seenAtPort, seenCall, seenSilence } from "../../trust/readers/seen.ts";
import { asText, type Json, type JsonObject, valueAt } from "../../trust/readers/yaml.ts";
import { known } from "../../trust/words/fact.ts";
import type { DoctorArguments } from "./arguments.ts";
import { type Client, reasonOf } from "./connect.ts";
import type { Handshake } from "./handshake.ts";
import { listAll, notKubernetes, objectIn, refusalIn } from "./list.ts";
import { lookAtPorts, nodesAtOnce, nodesOf, originIn, type Seen } from "./nodes.ts";
import { callPatience, inTurns, NoAnswer } from "./patience.ts";
import type { Progress } from "./progress.ts";

/** Something that could not be seen, and why; of several nodes in one. */
export type Unseen = { readonly what: string; readonly because: string };

/** What was read of a cluster. */
export type ClusterEvidence = {
  readonly pieces: readonly Piece[];
  readonly options: AssembleOptions;
  readonly nodes: readonly NodePiece[];
  readonly unseen: readonly Unseen[];
  /** What is taken for granted where it could not be seen; a sentence each. */
  readonly assumed: readonly string[];
  /** What kube-apiserver's bundle likely holds, where it could not be seen; never taken for it. */
  readonly likely?: { readonly pieces: readonly Piece[]; readonly from: string };
};

/** The files of a control plane that somebody hands in: no API has them. */
export type HandedIn = Pick<DoctorArguments, "certificateAuthority" | "clientCertificate">;

type Reading = { readonly client: Client; readonly unseen: Unseen[] };

/**
 * Reads everything.
 *
 * @param until aborts when the run's time is up
 * @throws UsageError when nodes cannot be listed
 */
export async function readCluster(
  client: Client,
  given: HandedIn,
  until: AbortSignal,
  progress: Progress,
): Promise<ClusterEvidence> {
  const unseen: Unseen[] = [];
  const reading: Reading = { client, unseen };
  progress.at("reading the cluster's objects");
  const nodes = await nodesOf(client);
  // Before the kubelets: thousands of connections at once would leave the lists no time.
  const [objects, authority, root] = await Promise.all([
    readObjects(reading),
    configMapKey(reading, "extension-apiserver-authentication", "client-ca-file"),
    configMapKey(reading, "kube-root-ca.crt", "ca.crt"),
  ]);
  const [looks, calls] = await Promise.all([
    lookAtPorts(nodes, until, progress),
    askKubelets(reading, nodes, progress),
  ]);
  const silences = await lookAgain(client, looks, calls, until, progress);
  const read = readTogether(objects.givens);
  const handshakes = new Map(looks.map(({ node, handshake }) => [node.name, handshake]));
  unseen.push(...unseenPorts(handshakes));
  const apiServers = read.filter(isApiServer);
  const { files, unseenFiles, likely } = controlPlaneFiles(apiServers, given, authority, root);
  return {
    pieces: [...read, ...nodes, ...calls, ...silences, ...presented(client, handshakes), ...files],
    nodes,
    unseen,
    assumed: objects.assumed,
    options: {
      ...(objects.hasRbac && { isWholeRbac: true }),
      running: { hasAllWorkloads: objects.hasAllWorkloads, unseenFiles },
      approverElsewhere:
        "what became of the kubelet's request for a serving certificate (there is none of it, or it may not be read)",
      rbacElsewhere: "the cluster's ClusterRoles and ClusterRoleBindings, which could not be read",
    },
    ...(likely && { likely }),
  };
}

function isApiServer(piece: Piece): piece is ProgramPiece {
  return piece.kind === "program" && piece.commandLine.program === "kube-apiserver";
}

// Objects -------------------------------------------------------------------------------------------------

const system = "/api/v1/namespaces/kube-system";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
/** kubeadm's label of static pods; others are known by their name. */
const controlPlanePods = `${system}/pods?labelSelector=${encodeURIComponent("component in (kube-apiserver,kube-controller-manager)")}`;
const requests = `/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldSelector=${encodeURIComponent("spec.signerName=kubernetes.io/kubelet-serving")}`;

async function readObjects(reading: Reading): Promise<{
  readonly givens: readonly GivenObject[];
  readonly hasAllWorkloads: boolean;
  readonly hasRbac: boolean;
  readonly assumed: readonly string[];
}> {
  const [pods, csrs, roles, bindings, workloads, configuration] = await Promise.all([
    staticPods(reading),
    objectsAt(reading, requests, "CertificateSigningRequests"),
    objectsAt(reading, `${rbac}/clusterroles`, "ClusterRoles"),
    objectsAt(reading, `${rbac}/clusterrolebindings`, "ClusterRoleBindings"),
    Promise.all(
      ["deployments", "daemonsets", "statefulsets"].map((kind) =>
        objectsAt(reading, `/apis/apps/v1/${kind}`, kind),
      ),
    ),
    configMap(reading, "kubelet-config"),
  ]);
  const hasApiServer = (pods ?? []).some((pod) => nameOf(pod).startsWith("kube-apiserver"));
  // What runs is what the pods say; without them it is what kubeadm would start.
  const kubeadm = hasApiServer ? undefined : await configMap(reading, "kubeadm-config");
  const all = [
    ...(pods ?? []),
    ...(csrs ?? []),
    // Half of RBAC would look like the whole: who is bound to a role that was not seen may do anything.
    ...(roles && bindings ? [...roles, ...bindings] : []),
    ...workloads.flatMap((found) => found ?? []),
    ...(configuration ? [configuration] : []),
    ...(kubeadm ? [kubeadm] : []),
  ];
  return {
    givens: all.map((object) => ({ object, origin: originIn(reading.client, titleOf(object)) })),
    hasRbac: roles !== undefined && bindings !== undefined,
    hasAllWorkloads: workloads.every((found) => found !== undefined),
    assumed: kubeadm
      ? [
          `kube-apiserver runs with the flags that kubeadm makes of ConfigMap kube-system/kubeadm-config: ${pods ? "no pod of it is there" : "its pod could not be seen"}.`,
        ]
      : [],
  };
}

async function staticPods(reading: Reading): Promise<readonly JsonObject[] | undefined> {
  const what = "Pods of kube-system";
  const labelled = await objectsAt(reading, controlPlanePods, what);
  if (labelled === undefined || labelled.length > 0) return labelled;
  const all = await objectsAt(reading, `${system}/pods`, what);
  return all?.filter((pod) => /^kube-(apiserver|controller-manager)/.test(nameOf(pod)));
}

/** `undefined` where they could not be seen, which is noted. */
async function objectsAt(
  { client, unseen }: Reading,
  path: string,
  what: string,
): Promise<readonly JsonObject[] | undefined> {
  const listed = await listAll(client, path);
  if ("items" in listed) return listed.items;
  unseen.push({ what, because: listed.unseen });
  return undefined;
}

/** `undefined` where there is none, or it could not be seen, which is noted. */
async function configMap(
  { client, unseen }: Reading,
  name: string,
): Promise<JsonObject | undefined> {
  const what = `ConfigMap kube-system/${name}`;
  try {
    const { status, text } = await client.get(`${system}/configmaps/${name}`);
    const found = status === 200 ? objectIn(text) : undefined;
    if (found?.kind === "ConfigMap") return found;
    const because = status === 200 ? notKubernetes(status) : refusalIn(status, text);
    if (status !== 404) unseen.push({ what, because });
  } catch (error) {
    unseen.push({ what, because: reasonOf(error) });
  }
  return undefined;
}

async function configMapKey(
  reading: Reading,
  name: string,
  key: string,
): Promise<string | undefined> {
  return asText(valueAt(await configMap(reading, name), ["data", key]));
}

function nameOf(object: JsonObject): string {
  return asText(valueAt(object, ["metadata", "name"])) ?? "";
}

function titleOf(object: JsonObject): string {
  const namespace = asText(valueAt(object, ["metadata", "namespace"]));
  const kind = asText(object.kind) ?? "object";
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${nameOf(object)}`;
}

// Kubelets ------------------------------------------------------------------------------------------------

/** Asks each kubelet for its configuration, through kube-apiserver: the answer tells how that call goes, too. */
async function askKubelets(
  { client, unseen }: Reading,
  nodes: readonly NodePiece[],
  progress: Progress,
): Promise<readonly Piece[]> {
  const refused = new Map<string, string>();
  let done = 0;
  const answers = await inTurns(nodes, nodesAtOnce, async ({ name }): Promise<readonly Piece[]> => {
    const title = `configz of ${name}`;
    const origin = { ...originIn(client, title), machine: name };
    try {
      const answer = await client.get(`/api/v1/nodes/${name}/proxy/configz`, callPatience);
      const call = seenCall(origin, name, answer);
      if ("refusal" in call) {
        refused.set(name, call.refusal);
        return [];
      }
      const read = answer.status === 200 ? readObject(JSON.parse(answer.text) as Json, origin) : [];
      return [call.piece, ...read];
    } catch (error) {
      // Whoever calls this kubelet waits in vain as well: no file makes that a call that works.
      if (error instanceof NoAnswer) return [seenSilence(origin, name, error.message)];
      refused.set(name, reasonOf(error));
      return [];
    } finally {
      done += 1;
      progress.at(`asked ${done} of ${nodes.length} kubelets`);
    }
  });
  // In the order of the nodes, whichever was refused first.
  const missing = nodes.flatMap(({ name: node }) => {
    const because = refused.get(node);
    return because === undefined ? [] : [{ node, because }];
  });
  unseen.push(...together("configz of", missing));
  return answers.flat();
}

/**
 * Ports that took the connection and answered nothing, of kubelets of which no call was seen: where none answers in the
 * time that kube-apiserver gives a TLS handshake either, calls of kube-apiserver wait in vain, whatever the files say.
 */
async function lookAgain(
  client: Client,
  looks: readonly Seen[],
  calls: readonly Piece[],
  until: AbortSignal,
  progress: Progress,
): Promise<readonly Piece[]> {
  const called = new Set(calls.flatMap((piece) => (piece.kind === "seen" ? [piece.node] : [])));
  const silent = looks.filter(
    ({ node, handshake }) => "silence" in handshake && !called.has(node.name),
  );
  const nodes = silent.map(({ node }) => node);
  const again = await lookAtPorts(nodes, until, progress, callPatience);
  return again.flatMap(({ node, handshake }) =>
    "silence" in handshake && handshake.silence !== undefined
      ? [seenSilence(originIn(client, `the port of ${node.name}`), node.name, handshake.silence)]
      : [],
  );
}

function presented(client: Client, handshakes: ReadonlyMap<string, Handshake>): readonly Piece[] {
  return [...handshakes].flatMap(([node, handshake]) =>
    "unseen" in handshake
      ? []
      : [
          seenAtPort(
            originIn(client, `${handshake.address} of ${node}`),
            node,
            "chain" in handshake ? handshake.chain : [],
          ),
        ],
  );
}

function unseenPorts(handshakes: ReadonlyMap<string, Handshake>): Unseen[] {
  const missing = [...handshakes].flatMap(([node, handshake]) =>
    "unseen" in handshake ? [{ node, because: handshake.unseen }] : [],
  );
  return together("the ports of", missing);
}

/** Names that are told of each reason. */
const mostNames = 3;

/** What is missing of several nodes for one reason, once. */
function together(
  what: string,
  all: readonly { readonly node: string; readonly because: string }[],
): Unseen[] {
  const byReason = new Map<string, string[]>();
  for (const { node, because } of all) {
    const reason = because
      .replaceAll(JSON.stringify(node), "NODE")
      .replaceAll(/(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+/g, "ADDRESS");
    const key = all.length > 1 ? reason : because;
    byReason.set(key, [...(byReason.get(key) ?? []), node]);
  }
  return [...byReason].map(([because, nodes]) => {
    const more = nodes.length - mostNames;
    const names = nodes.slice(0, mostNames).join(", ");
    return { what: `${what} ${names}${more > 0 ? ` and ${more} more` : ""}`, because };
  });
}

// Files of the control plane ------------------------------------------------------------------------------

type ControlPlaneFiles = {
  readonly files: readonly Piece[];
  readonly unseenFiles: ReadonlyMap<string, string>;
  readonly likely?: ClusterEvidence["likely"];
};

/** The files that kube-apiservers name: those that somebody hands in, and what the API shows of them. */
function controlPlaneFiles(
  apiServers: readonly ProgramPiece[],
  given: HandedIn,
  authority: string | undefined,
  root: string | undefined,
): ControlPlaneFiles {
  const files: FilePiece[] = [];
  const likely: FilePiece[] = [];
  const unseenFiles = new Map<string, string>();
  for (const piece of apiServers) {
    const version = piece.version ?? newestKnownVersion;
    const pathOf = (flag: string) => {
      const value = flagText(piece.commandLine, flag, version);
      return value.known ? value.value : undefined;
    };
    const bundle = pathOf("kubelet-certificate-authority");
    const clientCa = pathOf("client-ca-file");
    const certificate = pathOf("kubelet-client-certificate");
    const file = (path: string, text: string, where: string): FilePiece => ({
      kind: "file",
      origin: piece.origin,
      path,
      content: known({ kind: "text", text }, { where }),
    });
    if (clientCa !== undefined && authority !== undefined) {
      files.push(file(clientCa, authority, authorityFrom));
    }
    if (bundle !== undefined && given.certificateAuthority) {
      files.push(file(bundle, given.certificateAuthority.text, given.certificateAuthority.file));
    } else if (bundle !== undefined && (bundle !== clientCa || authority === undefined)) {
      unseenFiles.set(
        bundle,
        `the content of ${bundle} on the control plane, which kube-apiserver verifies kubelets with (--certificate-authority FILE)`,
      );
      if (root !== undefined) likely.push(file(bundle, root, rootFrom));
    }
    if (certificate !== undefined && given.clientCertificate) {
      files.push(file(certificate, given.clientCertificate.text, given.clientCertificate.file));
    } else if (certificate !== undefined && !certificate.startsWith(`${kubeadmPkiDirectory}/`)) {
      unseenFiles.set(
        certificate,
        `the content of ${certificate} on the control plane, which kube-apiserver shows to kubelets (--client-certificate FILE)`,
      );
    }
  }
  return {
    files,
    unseenFiles,
    ...(likely.length > 0 && { likely: { pieces: likely, from: rootFrom } }),
  };
}

/** kube-apiserver writes there what its --client-ca-file holds. Source: kubernetes `pkg/controlplane/controller/clusterauthenticationtrust`. */
const authorityFrom = "ConfigMap kube-system/extension-apiserver-authentication (client-ca-file)";
/** kube-controller-manager's --root-ca-file: kubeadm's is the cluster's CA. */
const rootFrom = "ConfigMap kube-system/kube-root-ca.crt";
