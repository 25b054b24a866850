// A reason in a shopper's words. The data of a reason is for programs and stays beside the text; the text names an item by its
// title and says nothing at all rather than an id. Words may change, kinds may not.
import type { Reason } from '../lists/index.ts';

/** Words for a segment, as they read after "Popular": `category=Lamps` gives "in Lamps". */
function inSegment(segment: string | undefined, everywhere = 'with other shoppers'): string {
  if (segment === undefined || segment === 'global') return everywhere;
  const [kind, ...rest] = segment.split('=');
  const name = rest.join('=');
  switch (kind) {
    case 'category':
      return `in ${name}`;
    case 'region':
      return `in ${name}`;
    case 'device':
      return `with shoppers on a ${name}`;
    case 'hour':
      return 'at this time of day';
    case 'referrer':
      return `with shoppers who come from ${name}`;
    case 'season':
      return 'in this season';
    default:
      return everywhere;
  }
}

/** Words for what a shopper prefers: `brand=Holm` gives "You like Holm". */
function preferred(what: string | undefined): string {
  const [kind, ...rest] = (what ?? '').split('=');
  const name = rest.join('=');
  if (kind === 'category') return `You often look at ${name}`;
  if (kind === 'brand') return `You like ${name}`;
  return 'At a price that you often look at';
}

/** One sentence without a full stop. `title` is the title of the reason's item, `undefined` where it is not known. */
export function reasonText(reason: Reason, title: string | undefined = reason.title): string {
  const named = (before: string, without: string): string => (title === undefined ? without : `${before} ${title}`);
  switch (reason.kind) {
    case 'viewed':
      return named('Because you viewed', 'Because of what you viewed');
    case 'carted':
      return title === undefined ? 'Because of what is in your cart' : `Because ${title} is in your cart`;
    case 'bought':
      return named('Because you bought', 'Because of what you bought');
    case 'wished':
      return named('Because you wished for', 'Because of your wish list');
    case 'liked':
      return named('Because you liked', 'Because of what you liked');
    case 'similar':
      return named('Similar to', 'Similar to what you look at');
    case 'bought-together':
      return named('Often bought with', 'Often bought together');
    case 'popular':
      return `Popular ${inSegment(reason.segment)}`;
    case 'trending':
      return `Trending ${inSegment(reason.segment, 'now')}`;
    case 'repeat':
      return 'You were looking at it';
    case 'campaign':
      return 'Picked by the shop';
    case 'buy-again':
      return 'You bought it before';
    case 'content':
      return named('Of the same kind as', 'Of the kind that you look at');
    case 'reranked':
      return 'Chosen for you';
    case 'searched':
      return 'Because of what you searched for';
    case 'preference':
      return preferred(reason.segment);
    case 'new':
      return 'Few shoppers know it yet';
    case 'variety':
      return 'Something different is more varied';
    case 'model':
      return 'Often chosen next';
  }
}
