/**
 * The rules of postfinance/kubelet-csr-approver: it denies what they do not allow. Of other approvers none are known.
 * Source: postfinance/kubelet-csr-approver `internal/cmd/cmd.go`, `internal/controller/csr_controller.go` and
 * `regex_ip_checks.go`. Names are checked whether or not they are looked up since v1.2.0.
 */
import { BlockList, isIP } from "node:net";
import { RE2JS } from "re2js";
import { canonicalIp } from "../../go/ip.ts";
import { parseBool, parseInteger, type Read } from "../../go/texts.ts";
import { placeholderIn } from "../../readers/placeholders.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "../../readers/yaml.ts";
import { type Fact, known, unknown, valueOr } from "../../words/fact.ts";
import type {
  Approved,
  CertificateFacts,
  Refuses,
  ServingRequest,
  UnknownRequest,
} from "../../words/facts.ts";
import { unknownIp } from "../node.ts";

type Rules = {
  readonly allowedNames: number;
  readonly checksHostName: boolean;
  readonly allowsName: (name: string) => boolean;
  readonly allowsAddress: (address: string) => boolean;
  /** `undefined` where names are not looked up, or it is unknown whether they are. */
  readonly lookUp: ((name: string) => Fact<readonly string[]>) | undefined;
  readonly longestSeconds: number;
};

/** A request as far as the rules look at it. */
export type RuledRequest = Pick<CertificateFacts, "subject" | "dnsNames" | "ipAddresses"> & {
  /** Who made it. Default: whom its subject names, as kubelets do. */
  readonly username?: string;
  /** Lifetime that it asks for, in seconds. Default: none, as kubelets do. */
  readonly expirationSeconds?: number;
};

/** What decides about look-ups beside the container. */
export type LookUps = {
  /** `spec.hostAliases` as it is written; absent where the pod's hosts file is not known. */
  readonly hostAliases?: readonly Json[];
  /** What DNS answers for a name that no host alias has; an empty list where it has no answer. Default: unknown. */
  readonly dns?: (name: string) => Fact<readonly string[]>;
};

/** Whether the rules of the approver in a container are known. */
export function hasKnownRules({ image }: JsonObject): boolean {
  return /(^|\/)kubelet-csr-approver([:@]|$)/.test(asText(image) ?? "");
}

/** The rules of the approver in a container; those of other programs are not known. */
export function rulesIn(container: JsonObject, lookUps: LookUps = {}): Refuses {
  return hasKnownRules(container) ? kubeletCsrApprover(container, lookUps) : () => undefined;
}

/** What says which names and addresses are approved, and is written and not known; by the variables' names. */
export function unknownRules(container: JsonObject): readonly string[] {
  return [
    ["provider-regex", ".*"],
    ["provider-ip-prefixes", "0.0.0.0/0,::/0"],
  ].flatMap(([flag = "", byDefault = ""]) =>
    settingOf(container, flag, byDefault, false).known ? [] : [variableOf(flag)],
  );
}

/** What decides which names and addresses are approved, by its variables; `undefined` where it is not known. */
export function writtenRules(container: JsonObject): Readonly<Record<string, string | undefined>> {
  const written = (flag: string, byDefault: string, isSwitch = false) => [
    variableOf(flag),
    valueOr(settingOf(container, flag, byDefault, isSwitch), undefined),
  ];
  return Object.fromEntries([
    written("provider-regex", ".*"),
    written("provider-ip-prefixes", "0.0.0.0/0,::/0"),
    written("bypass-dns-resolution", "false", true),
    written("bypass-hostname-check", "false", true),
  ]);
}

/**
 * The rules of kubelet-csr-approver in a container, whatever its image is called. A flag goes before its environment
 * variable. They answer for a request that is not known, too, where none would be approved.
 */
export function kubeletCsrApprover(
  container: JsonObject,
  lookUps: LookUps = {},
): (request: RuledRequest | UnknownRequest) => ServingRequest | Approved {
  const setting = (flag: string, byDefault: string, isSwitch = false): string | undefined =>
    valueOr(settingOf(container, flag, byDefault, isSwitch), undefined);
  const refused: string[] = [];
  const parsed = <T>(flag: string, text: string | undefined, parse: (text: string) => Read<T>) => {
    const read = text === undefined ? undefined : parse(text);
    if (read?.error !== undefined) refused.push(notTaken(variableOf(flag), text ?? ""));
    return read?.value;
  };
  const number = (flag: string, byDefault: string) =>
    parsed(flag, setting(flag, byDefault), (text) => parseInteger(text, 64, true));
  const isSet = (flag: string) => parsed(flag, setting(flag, "false", true), parseBool);
  const names = nameRule(setting("provider-regex", ".*"));
  const addresses = addressRule(setting("provider-ip-prefixes", "0.0.0.0/0,::/0"));
  if (typeof names === "string") return () => neverStarts(names);
  if (typeof addresses === "string") return () => neverStarts(addresses);
  const rules: Rules = {
    allowedNames: number("allowed-dns-names", "1") ?? Number.POSITIVE_INFINITY,
    checksHostName: isSet("bypass-hostname-check") === false,
    allowsName: names,
    allowsAddress: addresses,
    lookUp: isSet("bypass-dns-resolution") === false ? resolver(lookUps) : undefined,
    longestSeconds: number("max-expiration-sec", String(mostSeconds)) ?? Number.POSITIVE_INFINITY,
  };
  const [first] = refused;
  if (first !== undefined) return () => neverStarts(first);
  if (
    rules.longestSeconds < 0 ||
    (rules.longestSeconds > mostSeconds && Number.isFinite(rules.longestSeconds))
  ) {
    return () =>
      neverStarts(
        `MAX_EXPIRATION_SEC is ${rules.longestSeconds}, which is not from 0 to ${mostSeconds}`,
      );
  }
  return (request) => {
    const because = request && violated(rules, request);
    return because === undefined ? undefined : { state: "denied", because };
  };
}

/** 367 days: the default of `--max-expiration-sec` and the most that it takes. */
const mostSeconds = 367 * 24 * 3600;

function notTaken(variable: string, text: string): string {
  return `${variable} is ${JSON.stringify(text)}, which Go does not take`;
}

function neverStarts(because: string): ServingRequest {
  return { state: "pending", because: `kubelet-csr-approver does not start, for ${because}` };
}

/** The first rule that a request breaks, in the approver's own order. */
function violated(rules: Rules, request: RuledRequest): string | undefined {
  const names = valueOr(request.dnsNames, []);
  const addresses = valueOr(request.ipAddresses, []);
  const subject = valueOr(request.subject, undefined)?.commonName;
  const user = request.username ?? subject;
  return (
    wrongUser(user, subject) ??
    (request.dnsNames.known && request.ipAddresses.known && names.length + addresses.length === 0
      ? "it has neither a DNS name nor an address, as kubelet-csr-approver demands"
      : undefined) ??
    wrongNames(rules, names, user?.replace(/^system:node:/, "") ?? "") ??
    wrongLookUp(rules, names, addresses) ??
    wrongAddress(rules, addresses) ??
    ((request.expirationSeconds ?? 0) > rules.longestSeconds
      ? `it asks for ${request.expirationSeconds} s, and kubelet-csr-approver's MAX_EXPIRATION_SEC is ${rules.longestSeconds}`
      : undefined)
  );
}

function wrongUser(user: string | undefined, subject: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  if (!user.startsWith("system:node:")) {
    return `its user ${user} is not a node, as kubelet-csr-approver demands`;
  }
  return subject === undefined || subject === user
    ? undefined
    : `its CN ${subject} is not its user ${user}, as kubelet-csr-approver demands`;
}

function wrongNames(rules: Rules, names: readonly string[], node: string): string | undefined {
  if (names.length > rules.allowedNames) {
    return `it has ${names.length} DNS names, and kubelet-csr-approver's ALLOWED_DNS_NAMES is ${rules.allowedNames}`;
  }
  const other = rules.checksHostName ? names.find((name) => !name.startsWith(node)) : undefined;
  if (other !== undefined) {
    return `its DNS name ${other} does not begin with the node's name ${node}, as kubelet-csr-approver demands`;
  }
  const name = names.find((one) => !rules.allowsName(one));
  return name && `its DNS name ${name} does not match kubelet-csr-approver's PROVIDER_REGEX`;
}

/** Every address must be an answer for one of the names, and every answer must be an address that is allowed. */
function wrongLookUp(
  { lookUp, allowsAddress }: Rules,
  names: readonly string[],
  addresses: readonly string[],
): string | undefined {
  if (lookUp === undefined || names.length === 0) return undefined;
  const answers = names.map(lookUp);
  const nowhere = names.find(
    (_, index) => valueOr(answers[index] ?? unknownAnswer, ["?"]).length === 0,
  );
  if (nowhere !== undefined) {
    return `its DNS name ${nowhere} is not found when kubelet-csr-approver looks it up`;
  }
  const found = answers.flatMap((answer) => valueOr(answer, []));
  const foreign = found.find((address) => !allowsAddress(address));
  if (foreign !== undefined) {
    return `its DNS names are looked up to ${foreign}, which is in none of kubelet-csr-approver's PROVIDER_IP_PREFIXES`;
  }
  if (answers.some((answer) => !answer.known)) return undefined;
  const other = addresses.find((address) => !found.includes(canonicalIp(address) ?? address));
  return (
    other &&
    `its address ${other} is not among those that kubelet-csr-approver looks its DNS names up to: ${found.join(", ")}`
  );
}

function wrongAddress({ allowsAddress }: Rules, addresses: readonly string[]): string | undefined {
  const address = addresses.find((one) => !allowsAddress(one));
  return (
    address && `its address ${address} is in none of kubelet-csr-approver's PROVIDER_IP_PREFIXES`
  );
}

const unknownAnswer: Fact<readonly string[]> = unknown("what the approver's DNS answers");

/**
 * Looks names up as the approver does. What the hosts file has, DNS is not asked.
 * Source: Go `net/dnsclient_unix.go` (goLookupIPCNAMEOrder) and `net/hosts.go`: names are compared in lower case.
 */
function resolver({
  hostAliases,
  dns = () => unknownAnswer,
}: LookUps): (name: string) => Fact<readonly string[]> {
  if (hostAliases === undefined) return () => unknownAnswer;
  const lines = hostAliases.map((alias) => ({
    ip: literal(asObject(alias)?.ip),
    names: asList(asObject(alias)?.hostnames).map((name) => literal(name)?.toLowerCase()),
  }));
  const isWhole = lines.every(
    ({ ip, names }) => ip !== undefined && names.every((name) => name !== undefined),
  );
  if (!isWhole) return () => unknownAnswer;
  return (name) => {
    const found = lines.filter(({ names }) => names.includes(name.toLowerCase()));
    return found.length === 0
      ? dns(name)
      : known(found.map(({ ip = "" }) => canonicalIp(ip) ?? ip));
  };
}

function literal(value: Json | undefined): string | undefined {
  return valueOr(plain(asText(value)), undefined);
}

/** Whether a name is allowed, by a regular expression of Go; a text says what is wrong with it. */
function nameRule(expression: string | undefined): ((name: string) => boolean) | string {
  if (expression === undefined) return () => true;
  if (expression === "") return "PROVIDER_REGEX is empty";
  try {
    const compiled = RE2JS.compile(expression);
    return (name) => compiled.test(name);
  } catch {
    return notTaken("PROVIDER_REGEX", expression);
  }
}

/** Whether an address is allowed, by prefixes with commas between them; a text says what is wrong with them. */
function addressRule(prefixes: string | undefined): ((address: string) => boolean) | string {
  if (prefixes === undefined) return () => true;
  const list = new BlockList();
  for (const prefix of prefixes.split(",")) {
    // Of an address that is not known, no rule says anything.
    if (prefix === `${unknownIp}/32`) continue;
    const [, network = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(prefix) ?? [];
    const family = isIP(network);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) {
      return `PROVIDER_IP_PREFIXES has ${JSON.stringify(prefix)}, which is no prefix`;
    }
    list.addSubnet(network, Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return (address) => list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

/**
 * A flag by its name: `--flag=value`, `-flag value`, or the variable that is named like it. A switch takes no value from
 * the next word.
 */
function settingOf(
  container: JsonObject,
  flag: string,
  byDefault: string,
  isSwitch: boolean,
): Fact<string> {
  const words = [...asList(container.command), ...asList(container.args)].map(String);
  const isOpen =
    [container.args, container.env].some((list) => typeof list === "string") ||
    words.some((one) => placeholderIn(one.trim()) === one.trim() && one.trim() !== "");
  if (isOpen) return unknown(variableOf(flag));
  const given = words.filter((word) => new RegExp(`^--?${flag}(=|$)`).test(word));
  const word = given.at(-1);
  if (word !== undefined) {
    if (isSwitch && !word.includes("=")) return known("true");
    return plain(
      word.includes("=")
        ? word.slice(word.indexOf("=") + 1)
        : (words[words.lastIndexOf(word) + 1] ?? ""),
    );
  }
  const variable = variableOf(flag);
  const entry = asList(container.env)
    .map(asObject)
    .filter((one) => one?.name === variable)
    .at(-1);
  // An empty variable is as good as none. Source: peterbourgon/ff v3 `parse.go`.
  if (entry?.value === "") return known(byDefault);
  if (entry === undefined) {
    return asList(container.envFrom).length === 0 ? known(byDefault) : unknown(variable);
  }
  return plain(asText(entry.value));
}

function variableOf(flag: string): string {
  return flag.toUpperCase().replaceAll("-", "_");
}

function plain(value: string | undefined): Fact<string> {
  return value === undefined || placeholderIn(value) !== undefined
    ? unknown("a value of the approver")
    : known(value);
}
