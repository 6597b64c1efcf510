import type * as pulumi from "@pulumi/pulumi";
import { servingModeMeaning } from "../../trust/words/serving-mode.ts";
import {
  apiServerStances,
  keyAlgorithms,
  type ServingMode,
  servingModes,
} from "../../trust/words/vocabulary.ts";
import { type ClusterSettings, endpointOf } from "../model/cluster-settings.ts";
import { derive } from "../model/inputs.ts";
import {
  type ControlPlaneHost,
  firstInternalIp,
  type Machine,
  machine,
} from "../model/machines.ts";
import type { Adoption, ExistingAuthority } from "../pki/existing-authority.ts";
import { adoptionOf, wantedCa } from "./authority-problems.ts";
import type { ApproverImage, ClusterArgs } from "./cluster-args.ts";
import { clusterProblems, signerProblems, wordProblems } from "./cluster-problems.ts";
import { clusterDefaults } from "./defaults.ts";
import { failOn } from "./failure.ts";
import { checkedOnceKnown } from "./once-known.ts";
import { common, isPlanned, type PlannedPool, planPool } from "./pool-plan.ts";
import { type CaRotation, type CaStanding, standingOf } from "./rotation.ts";
import { bareVersion } from "./versions.ts";

/** A cluster's arguments, checked and in full. */
export type ClusterPlan = {
  readonly settings: ClusterSettings;
  readonly controlPlanes: readonly Machine[];
  readonly controlPlaneServingMode: ServingMode;
  readonly hosts: readonly ControlPlaneHost[];
  readonly pools: readonly PlannedPool[];
  /** Control planes first. */
  readonly machines: readonly Machine[];
  /** Those whose kubelets request their serving certificates, of other stacks too. */
  readonly requesting: readonly Machine[];
  /** Those whose kubelets sign their own. */
  readonly selfSigning: readonly Machine[];
  readonly skipReason?: string;
  readonly certificateAuthority?: ExistingAuthority;
  readonly adoption: Adoption;
  readonly caRotation?: CaRotation;
  readonly caStanding: CaStanding;
  readonly approver: ApproverImage;
  readonly caKeyOnControlPlanes: boolean;
  /** 0: it is left out. */
  readonly superAdminHours: number;
  /** Whether a token is made. */
  readonly bootstrapToken: boolean;
  readonly bootstrapTokenExpiration?: string;
};

/**
 * Checks a cluster's arguments and fills in the defaults; one that is planned stays as it is. Pure: nothing is
 * registered. What is an Output is checked once it is known, and fails what waits for it.
 *
 * @throws pulumi.RunError with one paragraph for each problem: the field, the value, the remedy.
 */
export function planCluster(name: string, args: ClusterArgs | ClusterPlan): ClusterPlan {
  if ("settings" in args) return args;
  const { pools, problems } = check(name, args);
  failOn(problems);
  const wanted = checkedOnceKnown(args, (known) => planProblems(name, known));
  return planOf(name, wanted, wanted === args ? pools : check(name, wanted).pools);
}

/** What is wrong with a cluster's arguments: everything that can be told at once, each problem a paragraph. */
export function planProblems(name: string, args: ClusterArgs): readonly string[] {
  return check(name, args).problems;
}

function check(
  name: string,
  args: ClusterArgs,
): { pools: readonly PlannedPool[]; problems: readonly string[] } {
  const words = wordProblems(args);
  if (words.length > 0) {
    // What is wrong whichever word was meant.
    const others = meanings(args).map((meant) => check(name, meant).problems);
    return { pools: [], problems: [...words, ...common(others)] };
  }
  const context = {
    stance: args.stance ?? clusterDefaults.stance,
    kubernetesVersion: args.kubernetesVersion ?? clusterDefaults.kubernetesVersion,
  };
  const answers = args.nodePools.map((pool, i) => planPool(pool, context, `nodePools[${i}]`));
  const problems = [
    ...clusterProblems(name, args, new Date()),
    ...answers.flatMap((answer) => (isPlanned(answer) ? [] : answer)),
    ...signerProblems(args),
  ];
  return { pools: answers.filter(isPlanned), problems };
}

/** The arguments with each word that is none of those there are replaced by each of those. */
function meanings(args: ClusterArgs): ClusterArgs[] {
  const known = {
    stance: apiServerStances,
    controlPlaneServingMode: servingModes,
    keyAlgorithm: keyAlgorithms,
  };
  return Object.entries(known).reduce<ClusterArgs[]>(
    (all, [key, words]) => {
      const given = args[key as keyof typeof known];
      if (given === undefined || (words as readonly string[]).includes(given)) return all;
      return all.flatMap((one) => words.map((word) => ({ ...one, [key]: word })));
    },
    [args],
  );
}

function planOf(name: string, args: ClusterArgs, pools: readonly PlannedPool[]): ClusterPlan {
  const controlPlaneServingMode = args.controlPlaneServingMode ?? clusterDefaults.servingMode;
  const controlPlanes = args.controlPlanes.map(machine);
  const all = [{ servingMode: controlPlaneServingMode, machines: controlPlanes }, ...pools];
  const madeBy = (maker: "signer" | "kubelet") =>
    all
      .filter(({ servingMode }) => servingModeMeaning[servingMode].madeBy === maker)
      .flatMap(({ machines }) => machines);
  const hosts = controlPlanes.map((host) => ({
    name: host.name,
    advertiseAddress: firstInternalIp(host),
  }));
  const requesting = [...madeBy("signer"), ...(args.nodesOfOtherStacks ?? []).map(machine)];
  const { skipReason, certificateAuthority, caRotation, bootstrapTokenExpiration } = args;
  return {
    settings: settingsOf(name, args, hosts[0]?.advertiseAddress ?? ""),
    controlPlanes,
    controlPlaneServingMode,
    hosts,
    pools,
    machines: all.flatMap(({ machines }) => machines),
    requesting,
    selfSigning: madeBy("kubelet"),
    ...(skipReason === undefined ? {} : { skipReason }),
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    adoption: adoptionOf(args),
    ...(caRotation === undefined ? {} : { caRotation }),
    caStanding: standingOf(wantedCa(args)),
    approver: args.approver ?? {},
    caKeyOnControlPlanes: args.caKeyOnControlPlanes ?? true,
    superAdminHours: args.superAdminHours ?? clusterDefaults.superAdminHours,
    bootstrapToken: args.bootstrapToken !== false && requesting.length > 0,
    ...(bootstrapTokenExpiration === undefined ? {} : { bootstrapTokenExpiration }),
  };
}

function settingsOf(
  name: string,
  args: ClusterArgs,
  firstAddress: pulumi.Input<string>,
): ClusterSettings {
  const { podSubnet } = args;
  const wanted = { ...clusterDefaults, ...withoutUndefined(args) };
  return {
    clusterName: args.clusterName ?? name,
    kubernetesVersion: bareVersion(wanted.kubernetesVersion),
    controlPlaneEndpoint: derive(args.controlPlaneEndpoint ?? firstAddress, endpointOf),
    serviceSubnet: wanted.serviceSubnet,
    ...(podSubnet === undefined ? {} : { podSubnet }),
    dnsDomain: wanted.dnsDomain,
    stance: wanted.stance,
    keyAlgorithm: wanted.keyAlgorithm,
    validityHours: wanted.validityHours,
    caValidityHours: wanted.caValidityHours,
    // An issued certificate must not be due at once, or every update would replace it.
    earlyRenewalHours: Math.min(wanted.earlyRenewalHours, Math.floor(wanted.validityHours / 3)),
    ...(args.hardening === undefined ? {} : { hardening: args.hardening }),
  };
}

function withoutUndefined<T extends object>(args: T): T {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as T;
}
