/**
 * The rules of postfinance/kubelet-csr-approver: it denies what they do not allow. Of other approvers none are known.
 * Source: postfinance/kubelet-csr-approver `internal/cmd/cmd.go`, `internal/controller/csr_controller.go` and
 * `regex_ip_checks.go`. Names are checked whether or not they are looked up since v1.2.0.
 */
import { BlockList, isIP } from "node:net";
import { RE2JS } from "re2js";
import { placeholderIn } from "../../readers/placeholders.ts";
import { asList, asObject, asText, type JsonObject } from "../../readers/yaml.ts";
import { type Fact, known, unknown, valueOr } from "../../words/fact.ts";
import type { CertificateFacts, Refuses, ServingRequest } from "../../words/facts.ts";

type Rules = {
  readonly allowedNames: number;
  readonly checksHostName: boolean;
  readonly allowsName: (name: string) => boolean;
  readonly allowsAddress: (address: string) => boolean;
};

/** The rules of the approver in a container. A flag goes before its environment variable. */
export function rulesIn(container: JsonObject): Refuses {
  if (!/(^|\/)kubelet-csr-approver([:@]|$)/.test(asText(container.image) ?? "")) {
    return () => undefined;
  }
  const setting = (flag: string, byDefault: string): string | undefined =>
    valueOr(settingOf(container, flag, byDefault), undefined);
  const names = nameRule(setting("provider-regex", ".*"));
  const addresses = addressRule(setting("provider-ip-prefixes", "0.0.0.0/0,::/0"));
  if (typeof names === "string") return () => neverStarts(names);
  if (typeof addresses === "string") return () => neverStarts(addresses);
  const rules: Rules = {
    allowedNames: Number(setting("allowed-dns-names", "1") ?? Number.POSITIVE_INFINITY),
    checksHostName: setting("bypass-hostname-check", "false")?.toLowerCase() === "false",
    allowsName: names,
    allowsAddress: addresses,
  };
  return (request) => {
    const because = request && violated(rules, request);
    return because === undefined ? undefined : { state: "denied", because };
  };
}

function neverStarts(because: string): ServingRequest {
  return { state: "pending", because: `kubelet-csr-approver does not start, for ${because}` };
}

function violated(rules: Rules, request: CertificateFacts): string | undefined {
  const names = valueOr(request.dnsNames, []);
  const node = valueOr(request.subject, undefined)?.commonName.replace(/^system:node:/, "") ?? "";
  if (names.length > rules.allowedNames) {
    return `it has ${names.length} DNS names, and kubelet-csr-approver's ALLOWED_DNS_NAMES is ${rules.allowedNames}`;
  }
  const other = rules.checksHostName ? names.find((name) => !name.startsWith(node)) : undefined;
  if (other !== undefined) {
    return `its DNS name ${other} does not begin with the node's name ${node}, as kubelet-csr-approver demands`;
  }
  const name = names.find((one) => !rules.allowsName(one));
  if (name !== undefined) {
    return `its DNS name ${name} does not match kubelet-csr-approver's PROVIDER_REGEX`;
  }
  const address = valueOr(request.ipAddresses, []).find((one) => !rules.allowsAddress(one));
  return (
    address && `its address ${address} is in none of kubelet-csr-approver's PROVIDER_IP_PREFIXES`
  );
}

/** Whether a name is allowed, by a regular expression of Go; a text says what is wrong with it. */
function nameRule(expression: string | undefined): ((name: string) => boolean) | string {
  if (expression === undefined) return () => true;
  try {
    const compiled = RE2JS.compile(expression);
    return (name) => compiled.test(name);
  } catch {
    return `PROVIDER_REGEX is ${JSON.stringify(expression)}, which Go does not take`;
  }
}

/** Whether an address is allowed, by prefixes with commas between them; a text says what is wrong with them. */
function addressRule(prefixes: string | undefined): ((address: string) => boolean) | string {
  if (prefixes === undefined) return () => true;
  const list = new BlockList();
  for (const prefix of prefixes.split(",")) {
    const [, network = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(prefix) ?? [];
    const family = isIP(network);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) {
      return `PROVIDER_IP_PREFIXES has ${JSON.stringify(prefix)}, which is no prefix`;
    }
    list.addSubnet(network, Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return (address) => list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

/** A flag by its name: `--flag=value`, `-flag value`, or the variable that is named like it. */
function settingOf(container: JsonObject, flag: string, byDefault: string): Fact<string> {
  const words = [...asList(container.command), ...asList(container.args)].map(String);
  const given = words.filter((word) => new RegExp(`^--?${flag}(=|$)`).test(word));
  const word = given.at(-1);
  if (word !== undefined) {
    return plain(
      word.includes("=")
        ? word.slice(word.indexOf("=") + 1)
        : (words[words.lastIndexOf(word) + 1] ?? ""),
    );
  }
  const variable = flag.toUpperCase().replaceAll("-", "_");
  const entry = asList(container.env)
    .map(asObject)
    .filter((one) => one?.name === variable)
    .at(-1);
  if (entry === undefined) {
    return asList(container.envFrom).length === 0 ? known(byDefault) : unknown(variable);
  }
  return plain(asText(entry.value));
}

function plain(value: string | undefined): Fact<string> {
  return value === undefined || placeholderIn(value) !== undefined
    ? unknown("a value of the approver")
    : known(value);
}
