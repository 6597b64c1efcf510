/** Lists of objects, page by page. */
import { asList, asObject, asText, type Json, type JsonObject } from "../../trust/readers/yaml.ts";
import { type Client, reasonOf } from "./connect.ts";

/** Objects of one kind, or why they were not seen. */
export type Listed =
  | { readonly items: readonly JsonObject[] }
  | {
      /** Completes "... could not be seen: ". */
      readonly unseen: string;
      /** The status that kube-apiserver answered with, where it did. */
      readonly status?: number;
    };

/** Objects a page; kubectl asks for as many. */
const pageSize = 500;
/** Seconds for a page: five hundred nodes are some megabytes. */
const pagePatience = 20;

/** Everything that a list path gives; `path` may have a query. */
export async function listAll({ get }: Pick<Client, "get">, path: string): Promise<Listed> {
  const items: JsonObject[] = [];
  let next = "";
  do {
    const query = `limit=${pageSize}${next === "" ? "" : `&continue=${encodeURIComponent(next)}`}`;
    let page: JsonObject | undefined;
    try {
      const { status, text } = await get(
        `${path}${path.includes("?") ? "&" : "?"}${query}`,
        pagePatience,
      );
      if (status !== 200) return { unseen: refusalIn(status, text), status };
      page = objectIn(text);
      // Something else than kube-apiserver may answer: that is no empty list.
      if (!asText(page?.kind)?.endsWith("List")) return { unseen: notKubernetes(status), status };
    } catch (error) {
      return { unseen: reasonOf(error) };
    }
    const kind = asText(page?.kind)?.replace(/List$/, "") ?? "";
    const apiVersion = asText(page?.apiVersion) ?? "v1";
    for (const item of asList(page?.items)) {
      // The items of a list carry no kind of their own.
      items.push({ apiVersion, kind, ...asObject(item) });
    }
    next = asText(asObject(page?.metadata)?.continue) ?? "";
  } while (next !== "");
  return { items };
}

/** What answered is no kube-apiserver, for people: a proxy or a page to log in at, as a rule. */
export function notKubernetes(status: number): string {
  return `${status}, and the answer is none of kube-apiserver's`;
}

/** What kube-apiserver says with a refusal, in a line. */
export function refusalIn(status: number, text: string): string {
  const message = asText(objectIn(text)?.message);
  // Where it is no Status, the number says enough.
  return message === undefined ? String(status) : `${status}, ${message}`;
}

/** The object in an answer; `undefined` where it is none. */
export function objectIn(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}
