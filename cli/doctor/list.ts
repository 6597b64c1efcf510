/** Lists of objects, page by page. */
import { asList, asObject, asText, type JsonObject } from "../../trust/readers/yaml.ts";
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
      page = asObject(JSON.parse(text));
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

/** What kube-apiserver says with a refusal, in a line. */
export function refusalIn(status: number, text: string): string {
  try {
    const message = asText(asObject(JSON.parse(text))?.message);
    if (message !== undefined) return `${status}, ${message}`;
  } catch {
    // It is no Status; the number says enough.
  }
  return String(status);
}
