/**
 * metrics-server, a caller of kubelets.
 * Source: metrics-server `cmd/metrics-server/app/options/kubelet_client.go`, `.../options.go`.
 */
import { type Fact, known, mapFact, unknown } from "../words/fact.ts";
import { readArguments } from "./command-line.ts";
import type { CallerPiece, Origin, WorkloadPiece } from "./piece.ts";
import { environmentOf, withEnvironment } from "./pod.ts";
import { imageName } from "./program-names.ts";
import { textOf, toWords, type Word } from "./word.ts";
import { asList, asText, type JsonObject, type YamlDocument } from "./yaml.ts";

type Around = Pick<WorkloadPiece, "origin" | "label" | "serviceAccount">;

type Inside = {
  readonly pod: WorkloadPiece;
  readonly lineOf: YamlDocument["lineOf"];
};

/** The metrics-servers among containers. */
export function metricsServerIn({ pod, lineOf }: Inside): CallerPiece[] {
  return pod.containers.flatMap((container, index) => {
    if (!isMetricsServer(container)) return [];
    const words = toWords(argumentsOf(container), pod.origin.source);
    const line = lineOf([index, "args"]);
    const origin = {
      ...pod.origin,
      source: { ...pod.origin.source, ...(line !== undefined && { line }) },
    };
    return [{ ...metricsServer(words, { ...pod, origin }), pod }];
  });
}

function isMetricsServer(container: JsonObject): boolean {
  const command = asList(container.command).map((word) => asText(word) ?? "");
  return (
    imageName(asText(container.image) ?? "").startsWith("metrics-server") ||
    command.some((word) => /(^|\/)metrics-server$/.test(word))
  );
}

function argumentsOf(container: JsonObject): (string | Word)[] {
  const environment = environmentOf(container);
  return (["command", "args"] as const).flatMap((field): (string | Word)[] => {
    const written = container[field];
    if (typeof written === "string") {
      return [{ kind: "unknownWords", missing: `the ${field} of metrics-server` }];
    }
    return asList(written).map((item) => withEnvironment(String(item), environment));
  });
}

/** What metrics-server is told by its flags. */
export function metricsServer(
  words: readonly Word[],
  { origin, label, serviceAccount }: Around,
): CallerPiece {
  const flags = inShell(words, origin);
  const insecure = isOn(flags, "kubelet-insecure-tls");
  const plain = isOn(flags, "deprecated-kubelet-completely-insecure");
  const caFile = lastValue(flags, "kubelet-certificate-authority");
  const types = allValues(flags, "kubelet-preferred-address-types");
  const certificate = lastValue(flags, "kubelet-client-certificate");
  const key = lastValue(flags, "kubelet-client-key");
  const port = portOf(
    isOn(flags, "kubelet-use-node-status-port"),
    lastValue(flags, "kubelet-port"),
  );
  const isKnown = insecure.known && plain.known && caFile.known;
  const refusal = isKnown
    ? refusalOf(insecure.value, plain.value, caFile.value ?? "", certificate, key)
    : undefined;
  return {
    kind: "caller",
    program: "metrics-server",
    origin,
    label,
    verification: verification(insecure, plain, caFile),
    ...(types !== undefined && { addressTypes: types }),
    ...(port && { port }),
    ...(plain.known && plain.value && { isPlain: true }),
    listens: listensAt(lastValue(flags, "bind-address"), lastValue(flags, "secure-port")),
    ...(refusal !== undefined && {
      refusal: { says: refusal, remedy: "Remove one of the flags that it names." },
    }),
    ...(needsToken(flags) && { refusalWithoutToken: noToken }),
    serviceAccount,
  };
}

/**
 * Observed of metrics-server 0.8 outside a pod, with and without `--kubeconfig`: what asks kube-apiserver about its own
 * callers reads the pod's token, unless it is given a kubeconfig of its own.
 */
const noToken =
  "failed to get delegated authentication kubeconfig: failed to get delegated authentication kubeconfig: open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory";

function needsToken(flags: readonly Word[]): boolean {
  const given = lastValue(flags, "authentication-kubeconfig");
  return given.known && !given.value;
}

/** `--kubelet-port`, by default 10250; none where the port in the node's status is asked at. */
function portOf(
  usesStatus: Fact<boolean>,
  given: Fact<string | undefined>,
): Fact<number> | undefined {
  if (usesStatus.known) {
    return usesStatus.value ? undefined : mapFact(given, (text) => Number(text ?? 10_250));
  }
  return usesStatus;
}

/** Source: apiserver `pkg/server/options/serving.go` (NewSecureServingOptions). */
function listensAt(
  address: Fact<string | undefined>,
  port: Fact<string | undefined>,
): Fact<string> {
  if (!address.known) return address;
  return mapFact(port, (number = "443") => `${address.value ?? "0.0.0.0"}:${number}`);
}

/** Behind `sh -c` the flags are inside a text. */
function inShell(words: readonly Word[], origin: Origin): readonly Word[] {
  const { commands } = readArguments(words, origin.source);
  const command = commands.find(({ words: inner }) =>
    inner.some((word) => /(^|\/)metrics-server$/.test(textOf(word))),
  );
  return command?.words ?? words;
}

function verification(
  insecure: Fact<boolean>,
  plain: Fact<boolean>,
  caFile: Fact<string | undefined>,
): CallerPiece["verification"] {
  if (!insecure.known) return insecure;
  if (insecure.value) return known({ skip: true, key: "--kubelet-insecure-tls" });
  if (!plain.known) return plain;
  if (plain.value) return known({ skip: true, key: "--deprecated-kubelet-completely-insecure" });
  return caFile.known
    ? known({ skip: false, caFile: caFile.value ?? "", key: "--kubelet-certificate-authority" })
    : caFile;
}

function refusalOf(
  insecure: boolean,
  plain: boolean,
  caFile: string,
  certificate: Fact<string | undefined>,
  key: Fact<string | undefined>,
): string | undefined {
  if (caFile !== "" && insecure) {
    return "cannot use both --kubelet-certificate-authority and --kubelet-insecure-tls";
  }
  if (certificate.known && key.known && Boolean(certificate.value) !== Boolean(key.value)) {
    return "need both --kubelet-client-key and --kubelet-client-certificate";
  }
  if (plain && key.known && key.value) {
    return "cannot use both --kubelet-client-key and --deprecated-kubelet-completely-insecure";
  }
  if (plain && insecure) {
    return "cannot use both --kubelet-insecure-tls and --deprecated-kubelet-completely-insecure";
  }
  return plain && caFile !== ""
    ? "cannot use both --kubelet-certificate-authority and --deprecated-kubelet-completely-insecure"
    : undefined;
}

/**
 * The items of a flag that is a list: each flag adds its own. `undefined` where there is none.
 * Source: metrics-server `kubelet_client.go` (StringSliceVar), spf13/pflag `string_slice.go` (the first Set replaces the
 * default, others append).
 */
function allValues(words: readonly Word[], name: string): Fact<readonly string[]> | undefined {
  const values = valuesOf(words, name);
  const open = values.find((one) => !one.known);
  if (open && !open.known) return open;
  return values.length === 0
    ? undefined
    : known(values.flatMap((one) => (one.known && one.value !== "" ? one.value.split(",") : [])));
}

/** The last value of a flag; unknown where unknown words or a placeholder may hold it. */
function lastValue(words: readonly Word[], name: string): Fact<string | undefined> {
  return valuesOf(words, name).at(-1) ?? known(undefined);
}

/** Every value of a flag, in the order they stand; unknown words may hold one. */
function valuesOf(words: readonly Word[], name: string): readonly Fact<string>[] {
  return givenAs(words, name, (word, given, next) => {
    const holder = given === undefined ? next : word;
    return holder?.kind === "text" && holder.placeholder === undefined
      ? (given ?? holder.text)
      : undefined;
  });
}

/** A flag that is on when it is named alone. */
function isOn(words: readonly Word[], name: string): Fact<boolean> {
  const all = givenAs(words, name, (word, given) =>
    word.placeholder === undefined ? given === undefined || /^(1|t|true)$/i.test(given) : undefined,
  );
  return all.at(-1) ?? known(false);
}

/** What is made of each word that names a flag, with its value behind `=` and the word after it; unknown where nothing is. */
function givenAs<T>(
  words: readonly Word[],
  name: string,
  make: (word: TextWord, given: string | undefined, next: Word | undefined) => T | undefined,
): readonly Fact<T>[] {
  return words.flatMap((word, index): Fact<T>[] => {
    if (word.kind === "unknownWords") return [unknown(`${word.missing}, which may hold --${name}`)];
    const [, flag = "", , given] = /^--([\w-]+)(=(.*))?$/s.exec(word.text) ?? [];
    if (flag.replaceAll("_", "-") !== name) return [];
    const made = make(word, given, words[index + 1]);
    return [made === undefined ? unknown(`the value of --${name}`) : known(made)];
  });
}

type TextWord = Extract<Word, { kind: "text" }>;
