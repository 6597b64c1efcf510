/**
 * Pieces in, clusters out. What belongs together, what is filled in, who signs, who approves and which file a flag
 * names is said here, once for every door.
 */
import { assumedVersion } from "../kubernetes/tables.ts";
import { newestKnownVersion, versionOf } from "../kubernetes/version.ts";
import type { KubeadmPiece, Origin, Piece, ProgramPiece } from "../readers/piece.ts";
import { known, mapFact } from "../words/fact.ts";
import { type ApproverCircumstances, approversAmong } from "./approvers.ts";
import type {
  AssembledCluster,
  AssembleOptions,
  Assembly,
  DeclaredApiServer,
  OneSided,
  UnpairedKubelet,
} from "./assembly.ts";
import { type Assumptions, assumptions as none, openings } from "./assumptions.ts";
import { runningCallers } from "./callers.ts";
import { resolveChanges } from "./changes.ts";
import { configurationParser, type ParseConfig } from "./configurations.ts";
import {
  apiServerOf,
  apiServersIn,
  authorityOf,
  certificatesDirectory,
  controlPlaneFiles,
  fromDeclared,
  isOfKubeadm,
  programsIn,
  type Sources,
} from "./control-plane.ts";
import {
  contentIsMissing,
  type FilesOf,
  filesInObjects,
  filesOfMachines,
  layered,
  sharedFiles,
} from "./files.ts";
import { withoutIdle } from "./idle.ts";
import { assembledKubelet, kubeletsAmong, type ReadyKubelet, schedulableOf } from "./kubelets.ts";
import { type Group, type Place, placing } from "./place.ts";
import { mounting } from "./pod-files.ts";
import { isExport, merged, rbacInDoubt, rbacOf } from "./rbac.ts";
import { controllerManagerOf, requestsElsewhere, requestsOf, signingOf } from "./requests.ts";
import { withoutRestated } from "./restated.ts";
import { asRunning, withSeen } from "./running.ts";
import { seenRequests } from "./seen-requests.ts";
import { withFilesOfOthers } from "./started-elsewhere.ts";
import { unknownPorts } from "./unknown-ports.ts";

/** Puts pieces together. Pure; never throws. */
export function assemble(found: readonly Piece[], options: AssembleOptions = {}): Assembly {
  const pieces = withoutIdle(found);
  const { groups, placeOf } = placing(apiServersIn(pieces).map(({ origin }) => origin));
  const filesOf = filesOfMachines(pieces.filter(isKind("file")), options);
  const places = placesOf(pieces, placeOf, filesOf);
  const context: Context = { options, filesOf, parse: configurationParser() };
  const inDoubt = [...places.values()].flatMap(({ place, pieces: own }) =>
    place.in === "doubt" ? [{ groups: place.groups, pieces: own }] : [],
  );
  const doubted = groupsInDoubt(inDoubt);
  const rest = none();
  const clusters: AssembledCluster[] = [];
  const unpaired: UnpairedKubelet[] = [];
  const oneSided: OneSided[] = [];
  const unread: Assembly["unread"][number][] = [];
  for (const group of groups) {
    const { key, name } = group;
    const maybe = inDoubt.filter((one) => one.groups.includes(group));
    const rbac = maybe.flatMap((one) => one.pieces.filter(isKind("rbac")).map(rbacInDoubt));
    const own = [...(places.get(key)?.pieces ?? []), ...rbac];
    clusters.push(clusterOf(key, name, own, [], context, doubted.has(key)));
  }
  for (const [key, { place, pieces: own }] of places) {
    if (place.in === "group") continue;
    const cluster = place.in === "elsewhere" ? place.cluster : undefined;
    const declared =
      place.in === "elsewhere"
        ? (options.apiServers ?? []).filter((one) => one.cluster === cluster)
        : [];
    if (declared.length > 0) {
      clusters.push(clusterOf(key, cluster, own, declared, context));
    } else {
      const alone = withoutApiServer(own, place, rest, context);
      unpaired.push(...alone.unpaired);
      oneSided.push(alone.oneSided);
      unread.push(...own.filter(isKind("unread")), ...unknownPorts(alone.unpaired));
    }
  }
  return {
    clusters,
    unpaired,
    oneSided,
    unread: [...unread, ...openings(rest.unused())],
    assumptions: rest.all(),
    unused: rest.unused().filter(({ opens }) => opens === undefined),
    nameOf: (origin) => {
      const place = placeOf(origin);
      if (place.in === "group") return place.group.name;
      return place.in === "elsewhere" ? place.cluster : undefined;
    },
  };
}

type Context = Sources & { readonly parse: ParseConfig };

function isKind<K extends Piece["kind"]>(kind: K) {
  return (piece: Piece): piece is Extract<Piece, { kind: K }> => piece.kind === kind;
}

/** The pieces of each place, by a key that tells places apart. */
function placesOf(
  pieces: readonly Piece[],
  placeOf: (origin: Origin) => Place,
  filesOf: FilesOf,
): Map<string, { readonly place: Place; readonly pieces: Piece[] }> {
  const places = new Map<string, { place: Place; pieces: Piece[] }>();
  for (const piece of pieces) {
    const place = placeOf(piece.origin);
    const key = keyOf(place);
    const found = places.get(key) ?? { place, pieces: [] };
    found.pieces.push(piece);
    places.set(key, found);
  }
  for (const [key, { place, pieces: own }] of places) {
    const mount = mounting(own.filter(isKind("file")), filesOf);
    const mounted = own.map((piece) => (piece.kind === "program" ? mount(piece) : piece));
    places.set(key, { place, pieces: resolveChanges(withFilesOfOthers(mounted)) });
  }
  return places;
}

function keyOf(place: Place): string {
  if (place.in === "group") return place.group.key;
  if (place.in === "elsewhere") return `elsewhere:${place.cluster ?? ""}`;
  return `doubt:${place.missing ?? ""} ${place.groups.map(({ key }) => key).join(" ")}`;
}

/** The groups to which kubelets could belong that could belong to others as well. */
function groupsInDoubt(
  inDoubt: readonly { readonly groups: readonly Group[]; readonly pieces: readonly Piece[] }[],
): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { groups, pieces } of inDoubt) {
    const hasKubelets = pieces.some(
      (piece) =>
        piece.kind === "kubelet-configuration" ||
        (piece.kind === "program" && isKubelet(piece)) ||
        (piece.kind === "unread" && piece.deciding),
    );
    for (const { key } of hasKubelets ? groups : []) keys.add(key);
  }
  return keys;
}

/** A node that joins a cluster elsewhere and says nothing of its own: everything that decides is there. */
function isPlainJoin({ configuration }: KubeadmPiece): boolean {
  return (
    configuration.kubeletConfiguration === undefined &&
    configuration.kubelets.every(
      ({ by, commandLine, patches }) =>
        by === "join" &&
        patches === undefined &&
        commandLine.words.every(({ source }) => source?.key?.startsWith("kubeadm's default")),
    )
  );
}

function versionAmong(
  pieces: readonly Piece[],
  declared: readonly DeclaredApiServer[],
  options: AssembleOptions,
  assumptions: Assumptions,
): string {
  const stated = [
    options.version,
    ...declared.map(({ version }) => version),
    ...apiServersIn(pieces).map(({ version }) => version),
    ...pieces.map((piece) => {
      if (piece.kind === "kubeadm") return piece.configuration.kubernetesVersion;
      return piece.kind === "program" ? piece.version : undefined;
    }),
    options.versionOtherwise,
  ].find((version) => version !== undefined);
  if (stated !== undefined) return stated.replace(/^v/, "");
  assumptions.add(`Kubernetes is ${newestKnownVersion}, the newest known.`);
  return newestKnownVersion;
}

/** Says of each version that is in none of the tables what it is judged as. */
function sayVersions(versions: readonly string[], assumptions: Assumptions): void {
  for (const version of versions) {
    const sentence = assumedVersion(version);
    if (sentence !== undefined) assumptions.add(sentence);
  }
}

/** A cluster, of the kube-apiservers that were found or of those that are declared. */
function clusterOf(
  key: string,
  name: string | undefined,
  pieces: readonly Piece[],
  declared: readonly DeclaredApiServer[],
  context: Context,
  isDoubted = false,
): AssembledCluster {
  const { options } = context;
  const assumptions = none();
  const version = versionAmong(pieces, declared, options, assumptions);
  const found = apiServersIn(pieces);
  const directory = certificatesDirectory(pieces);
  const ca = authorityOf(pieces, found, directory, version, context);
  const files = sharedFiles({ key, name, version, directory, ca }, options, assumptions);
  const byKubeadm =
    declared.length > 0 || found.some((one) => isOfKubeadm(one, version, directory));
  const rbacPieces = pieces.filter(isKind("rbac"));
  const rbac = rbacOf(rbacPieces, byKubeadm, options, assumptions);
  const ready = kubeletsAmong(
    {
      programs: pieces.filter(isKind("program")).filter(isKubelet),
      configurations: pieces.filter(isKind("kubelet-configuration")),
      kubeadm: pieces.filter(isKind("kubeadm")),
      nodes: pieces.filter(isKind("node")),
      hasOthers: isDoubted || pieces.some((piece) => piece.kind === "unread" && piece.deciding),
    },
    { ...context, version, assumptions },
  );
  const givenRbac = merged(rbacPieces.map((piece) => piece.rbac));
  const around = aroundWorkloads(pieces, ready);
  const approvers = approversAmong(pieces.filter(isKind("workload")), {
    rbac: givenRbac,
    isWhole: rbacPieces.length > 0 && (options.isWholeRbac ?? isExport(givenRbac)),
    ...around,
    assumptions,
  });
  const says = (one: { readonly cluster?: string }) =>
    one.cluster === undefined || one.cluster === name;
  const stated = (options.approvers ?? []).filter(says);
  const controllerManagers = programsIn(pieces, "kube-controller-manager").map((piece) =>
    controllerManagerOf(piece, controlPlaneFiles(piece, found, files, context), version),
  );
  const signing = signingOf(controllerManagers, { path: `${directory}/ca.crt`, files });
  const expected = requestsOf({
    approvers,
    isDeclared: stated.length > 0,
    signing,
    options,
  });
  const request = seenRequests(pieces.filter(isKind("request")), approvers, expected, options);
  const restated = withoutRestated(found, version, assumptions);
  const apiServers = [
    ...restated.apiServers.map((piece) => apiServerOf(piece, version, files, rbac, context)),
    ...declared.map((one) => fromDeclared(one, version, files, rbac)),
  ];
  const kubelets = ready
    .map((kubelet) => assembledKubelet(kubelet, files, request, options.at))
    .map((kubelet) => (options.running ? asRunning(kubelet) : kubelet));
  sayVersions(
    [
      version,
      ...ready.map((one) => one.version),
      ...apiServers.map(({ facts }) => versionOf(facts.version)),
    ],
    assumptions,
  );
  const inObjects = filesInObjects(pieces.filter(isKind("file")));
  return {
    key,
    name,
    version,
    files,
    rbac,
    kubelets: withSeen(kubelets, pieces.filter(isKind("seen")), apiServers, assumptions),
    apiServers,
    controllerManagers,
    callers: runningCallers(pieces.filter(isKind("caller")), {
      ...around,
      assumptions,
      workloads: pieces.filter(isKind("workload")),
      kubeletPorts: kubelets.map(({ facts }) => facts.authentication.port),
    }).map((caller) => ({
      ...caller,
      files: layered(inObjects, layered(context.filesOf(caller.piece.origin), files)),
    })),
    signer: mapFact(signing, (value) => ("state" in value ? value : value.content)),
    approvers: [
      ...approvers,
      ...stated.map(({ name: label }) => ({ label, origin: undefined, idle: known(undefined) })),
    ],
    unread: [
      ...pieces.filter(isKind("unread")),
      ...restated.different,
      ...unknownPorts(kubelets),
      ...openings(assumptions.unused()),
    ],
    unused: assumptions.unused().filter(({ opens }) => opens === undefined),
    get assumptions() {
      return assumptions.all();
    },
  };
}

function aroundWorkloads(
  pieces: readonly Piece[],
  kubelets: readonly ReadyKubelet[],
): Pick<ApproverCircumstances, "machines" | "withoutToken" | "hasRoles"> {
  const nodes = pieces.filter(isKind("node"));
  return {
    machines: kubelets.map((one) => schedulableOf(one, nodes)),
    withoutToken: new Set(pieces.filter(isKind("account")).map(({ account }) => account)),
    hasRoles: pieces.some(isKind("role")),
  };
}

function isKubelet({ commandLine }: ProgramPiece): boolean {
  return commandLine.program === "kubelet";
}

/** What belongs to a kube-apiserver that is not known: what can be said without it is said all the same. */
function withoutApiServer(
  pieces: readonly Piece[],
  place: Exclude<Place, { in: "group" }>,
  assumptions: Assumptions,
  context: Context,
): { readonly unpaired: readonly UnpairedKubelet[]; readonly oneSided: OneSided } {
  const programs = pieces.filter(isKind("program")).filter(isKubelet);
  const version = context.options.version ?? context.options.versionOtherwise ?? newestKnownVersion;
  const ready = kubeletsAmong(
    {
      programs,
      configurations: pieces.filter(isKind("kubelet-configuration")),
      kubeadm: pieces.filter(isKind("kubeadm")).filter((piece) => !isPlainJoin(piece)),
      nodes: pieces.filter(isKind("node")),
      hasOthers: false,
    },
    { ...context, version, assumptions },
  );
  sayVersions(
    ready.map((one) => one.version),
    assumptions,
  );
  const rbacPieces = pieces.filter(isKind("rbac"));
  const approvers = approversAmong(pieces.filter(isKind("workload")), {
    rbac: merged(rbacPieces.map(({ rbac }) => rbac)),
    isWhole: false,
    ...aroundWorkloads(pieces, ready),
    assumptions,
  });
  const request = seenRequests(
    pieces.filter(isKind("request")),
    approvers,
    requestsElsewhere(approvers),
    context.options,
  );
  return {
    unpaired: withSeen(
      ready
        .map((kubelet) => assembledKubelet(kubelet, contentIsMissing, request, context.options.at))
        .map((kubelet) => (context.options.running ? asRunning(kubelet) : kubelet)),
      pieces.filter(isKind("seen")),
      [],
      assumptions,
    ).map((kubelet) => ({ ...kubelet, place: unplaced(place) })),
    oneSided: {
      callers: pieces.filter(isKind("caller")),
      controllerManagers: programsIn(pieces, "kube-controller-manager").map((piece) =>
        controllerManagerOf(
          piece,
          layered(piece.files ?? context.filesOf(piece.origin), contentIsMissing),
          version,
        ),
      ),
      approvers,
      ...(rbacPieces.length > 0 && { rbac: merged(rbacPieces.map(({ rbac }) => rbac)) }),
    },
  };
}

function unplaced(place: Exclude<Place, { in: "group" }>): UnpairedKubelet["place"] {
  if (place.in === "elsewhere") return place;
  const { groups, missing } = place;
  return {
    in: "doubt",
    clusters: groups
      .map(({ name, origins, key }) => name ?? origins[0]?.source.where ?? key)
      .sort(),
    ...(missing !== undefined && { missing }),
  };
}
