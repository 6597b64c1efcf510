/**
 * The items by the key that `keyOf` gives each, keys and items in the order in which they came. What `Map.groupBy` of
 * later Nodes is: the policy pack runs on its user's Node, from 18 on.
 */
export function groupBy<Item, Key>(
  items: Iterable<Item>,
  keyOf: (item: Item) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
