import { nearest } from "../../trust/words/nearest.ts";
import { hardeningSwitches } from "../model/hardening.ts";

/** What is wrong with the switches of hardening: something that is no map, an unknown switch, or no switch's value. */
export function hardeningProblems(given: unknown, field: string): string[] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return [
      `${field}: ${JSON.stringify(given)} is no map. Give a map of switches, e.g. {auditLog: false}; known are ${hardeningSwitches.join(", ")}.`,
    ];
  }
  return Object.entries(given).flatMap(([name, value]) => {
    const at = `${field}.${name}`;
    if (!(hardeningSwitches as readonly string[]).includes(name)) {
      const meant = nearest(name, hardeningSwitches);
      const remedy =
        meant === undefined
          ? `Known switches: ${hardeningSwitches.join(", ")}.`
          : `Did you mean ${meant}?`;
      return [`${at}: there is no such switch. ${remedy}`];
    }
    return value === undefined || typeof value === "boolean"
      ? []
      : [`${at}: ${JSON.stringify(value)} is neither true nor false. Write one of them.`];
  });
}
