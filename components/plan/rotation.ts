import { createHash } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { certificatesIn } from "../pki/certificates.ts";
import type { ExistingAuthority } from "../pki/existing-authority.ts";

/**
 * The phases of a CA's rotation, in order. Before the first and after the last there is none.
 *
 * - `trustBoth`: everything trusts the old CA and the next; the old one still issues.
 * - `issueNew`: the next CA issues; everything trusts both.
 * - `retireOld`: everything trusts the next CA alone.
 */
export const rotationPhases = ["trustBoth", "issueNew", "retireOld"] as const;

export type RotationPhase = (typeof rotationPhases)[number];

/** The phase whose files a machine has; `none` are those from before the rotation. */
export type FilesOfPhase = RotationPhase | "none";

/** A rotation of all CAs of a cluster: its own, etcd's and the front proxy's. */
export type CaRotation = {
  /** How far the rotation has got. */
  phase: RotationPhase;
  /** The cluster's next CA, if there is one already; with its key. Default: a new one is made. */
  next?: ExistingAuthority;
  /**
   * Machines that have the files of another phase, by name; they are made for that phase, and so the policies judge
   * what the cluster is meanwhile. Default: none, every machine has the phase's own.
   */
  behind?: Readonly<Record<string, FilesOfPhase>>;
};

/** Where a stack stands with its CAs: what an update leaves for the next one to be held against. Plain data. */
export type CaStanding = {
  /** Which of its CAs the cluster stands on; the next one's number is one higher. */
  readonly generation: number;
  /** Default: no rotation. */
  readonly phase?: RotationPhase;
  /**
   * Where the cluster's CA of each generation comes from: `made` by the stack, or the SHA-256 fingerprint of the
   * certificate that was handed in, hex. One that is not told is not known.
   */
  readonly origins: Readonly<Record<string, string>>;
};

/** The CAs that a configuration asks for. */
export type WantedCa = {
  generation: number;
  rotation: CaRotation | undefined;
  /** The CA of this generation, where it was handed in. */
  current: ExistingAuthority | undefined;
};

/** Where a stack stands once a configuration is applied. */
export function standingOf({ generation, rotation, current }: WantedCa): CaStanding {
  const both = {
    [generation]: originOf(current),
    ...(rotation === undefined ? {} : { [generation + 1]: originOf(rotation.next) }),
  };
  const origins = Object.fromEntries(
    Object.entries(both).flatMap(([key, origin]) => (origin === undefined ? [] : [[key, origin]])),
  );
  return { generation, ...(rotation === undefined ? {} : { phase: rotation.phase }), origins };
}

/** Of a CA that is handed in as an output nothing is known yet. */
function originOf(authority: { certPem: pulumi.Input<string> } | undefined): string | undefined {
  if (authority === undefined) return "made";
  if (typeof authority.certPem !== "string") return undefined;
  const certificates = certificatesIn(authority.certPem);
  const [issuer] = typeof certificates === "string" ? [] : certificates;
  return issuer && createHash("sha256").update(issuer.der).digest("hex");
}

/** What a generation and a rotation say wrongly by themselves; each problem begins with the field's name. */
export function rotationProblems(
  { generation, rotation, current }: WantedCa,
  machines: readonly string[],
): string[] {
  if (!Number.isSafeInteger(generation) || generation < 1) {
    return [
      `caGeneration: ${generation} is no number of a CA. Give a whole number, 1 for a cluster whose CA was never rotated.`,
    ];
  }
  if (rotation === undefined) return [];
  const { phase, next, behind = {} } = rotation;
  const problems = isPhase(phase) ? [] : [notOneOf("caRotation.phase", phase, rotationPhases)];
  for (const [machine, files] of Object.entries(behind)) {
    const field = `caRotation.behind.${machine}`;
    if (!machines.includes(machine)) {
      problems.push(
        `${field}: there is no machine of that name. Name one of ${machines.join(", ")}.`,
      );
    }
    if (!isPhase(files) && files !== "none") {
      problems.push(notOneOf(field, files, ["none", ...rotationPhases]));
    }
  }
  const origin = next && originOf(next);
  if (origin !== undefined && current !== undefined && origin === originOf(current)) {
    problems.push(
      "caRotation.next.certPem: this is the CA that the cluster has already. Give another one, or none: a new one is then made.",
    );
  }
  return problems;
}

function isPhase(word: string): word is RotationPhase {
  return (rotationPhases as readonly string[]).includes(word);
}

function notOneOf(field: string, word: string, words: readonly string[]): string {
  return `${field}: ${JSON.stringify(word)} is none of ${words.join(", ")}. Use one of them.`;
}

/**
 * Why what is wanted cannot follow what is deployed. Two phases next to each other get on with each other, in any order
 * of machines: of each two machines, both trust the CA that issued for either. Two phases apart do not.
 *
 * @param deployed `absent`: nothing is; `undefined`: nobody knows
 */
export function orderProblems(
  wanted: CaStanding,
  deployed: CaStanding | "absent" | undefined,
): string[] {
  if (deployed === undefined) {
    return wanted.phase === undefined
      ? []
      : [
          `caRotation.phase: ${wanted.phase} follows a phase, and which one is deployed is not known. Hand it in as deployedCa, from readDeployedCa().`,
        ];
  }
  if (deployed === "absent") {
    return wanted.phase === undefined
      ? []
      : [
          `caRotation.phase: ${wanted.phase} is asked for, and nothing is deployed that could be rotated. Leave caRotation out.`,
        ];
  }
  const order = phaseProblems(wanted, deployed);
  return order.length > 0 ? order : originProblems(wanted, deployed);
}

function phaseProblems(wanted: CaStanding, deployed: CaStanding): string[] {
  if (wanted.generation === deployed.generation) return stepProblems(wanted, deployed);
  const field = `caGeneration: ${wanted.generation}`;
  const is = `${deployed.generation}, ${words(deployed.phase)}, is deployed`;
  if (wanted.generation < deployed.generation) {
    return [
      `${field} is behind: ${is}, and the earlier CA's key is gone. Give ${deployed.generation}; to go to another CA, rotate.`,
    ];
  }
  if (wanted.generation > deployed.generation + 1) {
    return [`${field} is ahead: ${is}. A generation follows the one before it, by a rotation.`];
  }
  if (deployed.phase !== "retireOld") {
    return [
      `${field} cannot follow: ${is}, and the machines trust the earlier CA. Go on with caGeneration ${deployed.generation} and ${nextStep(deployed)}; raise it once retireOld is deployed.`,
    ];
  }
  return wanted.phase === undefined
    ? []
    : [
        `caRotation.phase: ${wanted.phase} cannot come together with a new caGeneration: the rotation before has to end first. Apply once without caRotation.`,
      ];
}

function stepProblems(wanted: CaStanding, deployed: CaStanding): string[] {
  const [to, from] = [stepOf(wanted.phase), stepOf(deployed.phase)];
  if (Math.abs(to - from) <= 1) return [];
  const between = rotationPhases.slice(Math.min(to, from), Math.max(to, from) - 1);
  const order = (to < from ? [...between].reverse() : between).join(", then ");
  const ending =
    to === 0 && deployed.phase === "retireOld"
      ? ` To end the rotation, raise caGeneration to ${deployed.generation + 1}.`
      : "";
  return [
    `caRotation.phase: ${words(wanted.phase)} cannot follow ${words(deployed.phase)}: machines that have taken the files and machines that have not would not trust each other. Apply ${order} first, and bring its files to every machine.${ending}`,
  ];
}

function stepOf(phase: RotationPhase | undefined): number {
  return phase === undefined ? 0 : rotationPhases.indexOf(phase) + 1;
}

function nextStep({ phase }: CaStanding): string {
  return `caRotation ${rotationPhases[stepOf(phase)]}`;
}

function words(phase: RotationPhase | undefined): string {
  return phase ?? "no rotation";
}

/** A generation stays the CA that it was: another one in its place would be an outage without any rotation. */
function originProblems(wanted: CaStanding, deployed: CaStanding): string[] {
  return Object.entries(wanted.origins).flatMap(([generation, origin]) => {
    const was = deployed.origins[generation];
    if (was === undefined || was === origin) return [];
    const isNext = Number(generation) > wanted.generation;
    const field = isNext ? "caRotation.next" : "certificateAuthority";
    const undo = isNext ? "apply once without caRotation first" : "rotate, with it as the next CA";
    return [
      `${field}: ${originWords(origin)} would take the place of CA ${generation}, which is ${originWords(was)}, on machines that trust that one. Leave it as it is; for another CA, ${undo}.`,
    ];
  });
}

function originWords(origin: string): string {
  return origin === "made" ? "one that the stack makes" : `one handed in (SHA-256 ${origin})`;
}
