/**
 * Host-files Secrets: the exact files of one machine, as our HostFiles component makes them. What they say is read, and
 * compared with what the component registered; of what is not known at the first preview, the certificates alone are
 * known by who makes them.
 */
import { hostFilesSecretType } from "../../trust/contract.ts";
import type { Piece } from "../../trust/readers/piece.ts";
import { text } from "../stack/resource.ts";
import { differencesOf, readSiblings, withoutSecret } from "./component-word.ts";
import type { Reader } from "./evidence.ts";
import { kindOf } from "./kubernetes.ts";
import { type MachineSecret, readMachineSecret } from "./machine-secret.ts";

/** Reads the machines that host-files Secrets are for. */
export const readHostFiles: Reader = (stack) => {
  const secrets = stack.resources.filter(
    (resource) => kindOf(resource) === "Secret" && text(resource, "type") === hostFilesSecretType,
  );
  const machines: MachineSecret[] = [];
  const pieces: Piece[] = [];
  for (const secret of secrets) {
    const machine = readMachineSecret(stack, secret);
    if ("kind" in machine) {
      pieces.push(machine);
    } else {
      machines.push(machine);
      pieces.push(...machine.programs, ...machine.others, ...differencesOf(stack, machine));
    }
  }
  const siblings = readSiblings(stack, machines);
  return {
    pieces: [...pieces, ...withoutSecret(stack, secrets), ...siblings.pieces],
    claims: [...secrets.map(({ urn }) => urn), ...siblings.claims],
  };
};
