/** For metrics: one record for each request sent, and one for each piece of a body received. */
export type Exchange =
  | {
      readonly type: 'answered';
      /** As in `docker.io`; a mirror has its own name. */
      readonly registry: string;
      readonly method: string;
      readonly status: number;
    }
  | { readonly type: 'unanswered'; readonly registry: string; readonly method: string }
  | { readonly type: 'received'; readonly registry: string; readonly bytes: number };

/** Called often: it has to return at once, and must not throw. */
export type ExchangeListener = (exchange: Exchange) => void;
