/** What a list gives. */

/** The items of a list, one after another. Each loop begins with the first page, and reads a page once it needs it. */
export class Pages<Item, Response> implements AsyncIterable<Item> {
  constructor(
    private readonly readPage: (pageToken: string) => Promise<Response & { readonly nextPageToken: string }>,
    private readonly itemsOf: (response: Response) => readonly Item[],
    private readonly firstPageToken: string,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.byPage()) yield* this.itemsOf(page);
  }

  /** The server's answers, page after page. */
  async *byPage(): AsyncGenerator<Response & { readonly nextPageToken: string }, void, undefined> {
    let pageToken = this.firstPageToken;
    do {
      const page = await this.readPage(pageToken);
      yield page;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  /** One page, that of the request's `pageToken`, or the first; its `nextPageToken` asks for the next. */
  async page(): Promise<Response & { readonly nextPageToken: string }> {
    return this.readPage(this.firstPageToken);
  }

  /** All items. Mind how long a list may be. */
  async toArray(): Promise<Item[]> {
    const items: Item[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}
