import assert from "node:assert/strict";
import { shown, shownJson, withoutSecrets } from "../../../trust/words/shown.ts";
import { beginOf, pemOf } from "../../support/pem.ts";

const escapeOfTerminals = "\u001b[31mred\u001b[0m";

describe("text of users", () => {
  it("is shown in one line, with escapes for what cannot be seen", () => {
    assert.equal(shown("a\nb\tc\r\nd"), "a b c d");
    assert.equal(shown(escapeOfTerminals), "\\u001b[31mred\\u001b[0m");
    assert.equal(shown("a\rb"), "a\\u000db");
    assert.equal(
      shown("\u202Eevil\u2069 \u200Bz\uFEFF\u2028\u3164"),
      "\\u202eevil\\u2069 \\u200bz\\ufeff\\u2028\\u3164",
    );
    assert.equal(shown("\u{E0041}"), "\\u{e0041}");
    assert.equal(shown("\u009b2J"), "\\u009b2J");
    assert.equal(shown("Grüße, 日本, 🙂"), "Grüße, 日本, 🙂");
  });

  it("is JSON of the same value", () => {
    const value = { a: `${escapeOfTerminals}\u202E\u200B\u{E0041}\n`, b: ["ü"] };
    const json = shownJson(JSON.stringify(value, undefined, 2));
    assert.deepEqual(JSON.parse(json), value);
    assert.ok(!["\u001b", "\u202e", "\u200b"].some((one) => json.includes(one)), json);
    assert.match(json, /\n/);
  });

  it("leaves out private keys, tokens and files that a message quotes", () => {
    const pem = pemOf("EC PRIVATE KEY", "MHcCAQEE").trimEnd();
    assert.equal(withoutSecrets(`a ${pem} b`), "a (private key) b");
    assert.equal(withoutSecrets(`x ${beginOf("PRIVATE KEY")}\\nMHcC`), "x (private key)");
    const encoded = Buffer.from(pem).toString("base64");
    assert.equal(withoutSecrets(`k: "${encoded}"`), 'k: "(encoded PEM)"');
    assert.equal(withoutSecrets("--token=abcdef.0123456789abcdef!"), "--token=(token)!");
    assert.equal(withoutSecrets("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln"), "(token)");
    assert.equal(
      withoutSecrets(`error: Object 'Kind' is missing in '{"password":"it's"}'" path="x"`),
      `error: Object 'Kind' is missing in '(the text of the file)'" path="x"`,
    );
    const said: Readonly<Record<string, string>> = {
      "curl https://u:S@h/x": "curl https://(credentials)@h/x",
      "-H 'Authorization: Bearer S'": "-H 'Authorization: Bearer (credentials)'",
      "curl -u admin:S x": "curl -u admin:(password) x",
      "--token=S K3S_TOKEN=S": "--token=(secret) K3S_TOKEN=(secret)",
      "kubeadm join --token S3cretS3cretS3cret x": "kubeadm join --token (secret) x",
      "AGE-SECRET-KEY-1QQQ": "(private key)",
    };
    for (const [text, without] of Object.entries(said)) assert.equal(withoutSecrets(text), without);
    for (const text of [
      "Remove --token from the kubelet's flags",
      "--token-auth-file=/x --authentication-token-webhook=true --authorization-mode=Node,RBAC",
      "authorization: {mode: AlwaysAllow}",
      "--service-account-key-file=/x https://h:10250/a@b file:///a@b",
    ]) {
      assert.equal(withoutSecrets(text), text);
    }
    assert.equal(withoutSecrets("node.example.internal-network"), "node.example.internal-network");
  });
});
