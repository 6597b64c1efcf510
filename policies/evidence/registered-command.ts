/**
 * The command line of a program whose file is not known yet, since an address stands in it: what the component that
 * writes the file registered, in which a placeholder stands for the address. It counts where nothing but addresses
 * went into the file; what settles trust depends on none. At the update the file itself is read.
 */
import {
  certificateNames,
  hostFilesOutputs,
  paths,
  readWord,
  tokens,
} from "../../trust/contract.ts";
import { asList, asObject, type Json } from "../../trust/readers/yaml.ts";
import { valueOr } from "../../trust/words/fact.ts";
import { field, placeholder, type Resource, type Stack } from "../stack/resource.ts";
import { leavesOf } from "./component-files.ts";
import { clusterOf, isMadeByItsCluster, isMadeOfAddresses } from "./made-by.ts";

/** The flags that hold an address, of each program that is judged; no trust is settled by them. */
const addressFlags: Readonly<Record<string, readonly string[]>> = {
  kubelet: ["node-ip"],
  "kube-apiserver": ["advertise-address", "etcd-servers"],
  "kube-controller-manager": ["bind-address"],
};

/**
 * The words of the program that a file starts; `undefined` where a component's word does not count for it.
 *
 * @param owner the `HostFiles` that the Secret is a child of
 */
export function registeredCommand(
  stack: Stack,
  secret: Resource,
  owner: Resource,
  machine: string,
  path: string,
): readonly string[] | undefined {
  const program = programOf(path);
  const flags = program === undefined ? undefined : addressFlags[program];
  if (program === undefined || flags === undefined) return undefined;
  if (!isMachineOfOurs(stack, secret, owner, machine)) return undefined;
  if (!isMadeOfAddresses(stack, secret, "stringData", owner)) return undefined;
  const words = registeredWords(owner, machine, program);
  // Without an address in it the file would be known.
  return words.some(isOpen) && words.every((word) => !isOpen(word) || isOneOf(word, flags))
    ? words.flatMap((word) => readWord(word) ?? [])
    : undefined;
}

/** The program that a machine starts by a file of ours, of those that are judged. */
export function programOf(path: string): string | undefined {
  return Object.keys(addressFlags).find((program) => path === fileOfProgram(program));
}

/** The file by which a machine of ours starts a program. */
export function fileOfProgram(program: string): string {
  return program === "kubelet" ? paths.kubeletUnit : `${paths.manifests}/${program}.yaml`;
}

/** What a component registered as the command line of a program of a machine; see `readWord`. */
export function registeredWords(
  owner: Resource,
  machine: string,
  program: string,
): readonly Json[] {
  if (program === "kubelet") {
    const flags = field(owner, hostFilesOutputs.kubeletFlags, machine);
    return ["kubelet", ...asList(valueOr(flags, undefined))];
  }
  const commands = field(owner, hostFilesOutputs.commands, machine);
  return asList(asObject(valueOr(commands, undefined))?.[program]);
}

/** Whether a part of a word is not known yet. */
export function isOpen(word: Json): boolean {
  return readWord(word)?.includes(placeholder) ?? true;
}

/** Whether all that is not known of a word is the value of one of the flags. */
function isOneOf(word: Json, flags: readonly string[]): boolean {
  const [name, value, ...more] = asList(word);
  return value === placeholder && more.length === 0 && flags.some((flag) => name === `--${flag}=`);
}

/**
 * Whether a Secret stands where a cluster or pool of ours keeps one, and holds the machine's kubelet client certificate
 * that its sibling makes. A component that only has the type of ours has none.
 */
function isMachineOfOurs(
  stack: Stack,
  secret: Resource,
  owner: Resource,
  machine: string,
): boolean {
  const [above] = stack.ancestorsOf(owner);
  if (clusterOf(stack, owner) === undefined || above === undefined) return false;
  if (above.type !== tokens.cluster && above.type !== tokens.nodePool) return false;
  const makers = new Set(secret.madeFrom("data"));
  const client = `${machine}/${certificateNames.kubeletClient}`;
  return (
    isMadeByItsCluster(stack, secret, owner) &&
    stack
      .childrenOf(above.urn)
      .filter(({ type }) => type === tokens.nodeCertificates)
      .some(({ urn }) =>
        leavesOf(stack, urn)
          .get(client)
          ?.some((leaf) => makers.has(leaf)),
      )
  );
}
