/**
 * Text of users as it is shown: in one line, without what a terminal would obey or hide, and without secrets. Every
 * line that is printed goes through here, whatever it is made of.
 */

/**
 * What moves, hides or reorders text: control characters, format characters (bidi and zero-width ones are among them),
 * separators of lines, lone surrogates, and what fonts leave blank (Hangul fillers, variation selectors).
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** One line: breaks and tabs are spaces, what cannot be seen is an escape (`\u200b`), secrets are left out. */
export function shown(text: string): string {
  return withoutSecrets(text)
    .replaceAll(/\r?\n|\t/g, " ")
    .replaceAll(unseen, toEscape);
}

/** JSON whose text holds nothing that a terminal would obey or hide; it parses to the same value. */
export function shownJson(json: string): string {
  // Line breaks and spaces between values stay; inside of strings JSON has escaped them already.
  return json.replaceAll(unseen, (character) =>
    character === "\n" ? character : utf16Escape(character),
  );
}

function toEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}

function utf16Escape(character: string): string {
  return Array.from({ length: character.length }, (_, index) =>
    toEscape(String.fromCharCode(character.charCodeAt(index))),
  ).join("");
}

const privateKey =
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:(?!-----END )[\s\S])*(?:-----END [A-Z0-9 ]*-----)?/g;
/** Base64 of `-----BEGIN `, as kubeconfigs and Secrets have it. */
const encodedPem = /LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]*/g;
/** Source: kubernetes `staging/src/k8s.io/cluster-bootstrap/token/api/types.go` (BootstrapTokenPattern). */
const bootstrapToken = /\b[a-z0-9]{6}\.(?=[a-z]*\d)[a-z0-9]{16}\b/g;
const jsonWebToken = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g;
/** Kubernetes' decoder quotes the whole text that it was given. Source: apimachinery `runtime/error.go`. */
const quotedFile = /(Object '(?:Kind|apiVersion)' is missing in )'[\s\S]*'/g;

/** Who reads a URL has what stands before its host (RFC 3986, 3.2.1); a name without a password is left out with it. */
const ofUrl = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@"'`]{1,1000}@/gi;
/** Source: RFC 9110, 11.6.2, as curl and Prometheus write it. */
const header = /\b(authorization["']?\s?[:=]\s?["']?(?:basic|bearer|digest|token)\s)[^\s"']+/gi;
/** curl's and wget's. */
const ofUser = /(\s(?:-u|--user|--proxy-user)[ =]["']?[^\s:"']+:)[^\s"']+/g;
/** Options and variables by their last word; after a space only what is too long for a word of a sentence. */
const named =
  /((?:\s--?|["'([{`]--?|^--?|\b)(?:\w{1,50}[-_])?(?:token|password|passwd|secret|credentials?|api[-_]?key|certificate-key)=["']?)(?![($])[^\s"'`)]+/gi;
const option =
  /(--(?:[\w-]{1,50}-)?(?:token|password|passwd|secret|api-key|certificate-key)\s["']?)(?=\S*\d)[^\s"'`()$-][^\s"'`)]{11,}/gi;
/** Source: age `internal/age/x25519.go`. */
const ageKey = /AGE-SECRET-KEY-[A-Z0-9-]+/g;

/** A text without private keys, tokens, passwords and whole files that messages of programs quote. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(quotedFile, "$1'(the text of the file)'")
    .replaceAll(privateKey, "(private key)")
    .replaceAll(encodedPem, "(encoded PEM)")
    .replaceAll(bootstrapToken, "(token)")
    .replaceAll(jsonWebToken, "(token)")
    .replaceAll(ageKey, "(private key)")
    .replaceAll(ofUrl, "$1(credentials)@")
    .replaceAll(header, "$1(credentials)")
    .replaceAll(ofUser, "$1(password)")
    .replaceAll(named, "$1(secret)")
    .replaceAll(option, "$1(secret)");
}
