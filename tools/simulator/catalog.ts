// The made-up catalog: a pure function of the seed. Every product has a shelf (two category levels), fixed related products on
// its own shelf and fixed complements on the shelves that go with it, so that the shoppers' behaviour has a structure that
// similar and bought-together lists can find.
import type { CatalogItem } from '../../schemas/records.ts';
import { DEPARTMENTS, type Department, type Shelf } from './catalog-words.ts';
import { Random } from './random.ts';

/** A product as the shop knows it. What changes while the shop is open is in `price`, `stock` and `isListed`. */
export interface Product {
  /** Position in the catalog, from 0. */
  readonly index: number;
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly department: string;
  readonly shelf: string;
  readonly shelfIndex: number;
  readonly noun: string;
  readonly brand: string;
  readonly material: string;
  readonly colour: string;
  readonly tags: readonly string[];
  /** Pounds. */
  readonly listPrice: number;
  /** 0 (plainest of its shelf) to 1 (finest). */
  readonly level: number;
  /** Indexes of products that are bought with this one; never empty. */
  complements: readonly number[];
  /** Indexes of products of the same shelf, the closest first; never empty. */
  related: readonly number[];
  price: number;
  stock: number;
  isListed: boolean;
}

/** Products and shelves of a shop. */
export interface Catalog {
  readonly products: readonly Product[];
  /** Product indexes by shelf, bestsellers first. */
  readonly shelves: readonly (readonly number[])[];
}

const PER_SHELF = 13;
/** So many of each shelf are on sale when the shop opens; the others are its later new products. */
const LISTED_PER_SHELF = 12;
const COMPLEMENTS_PER_SHELF = 2;
const RELATED = 5;

/** Builds the catalog of a seed: 650 products, of which 600 are listed. */
export function buildCatalog(seed: number): Catalog {
  const random = new Random(seed, 'catalog');
  const products: Product[] = [];
  const shelves: number[][] = [];
  const shelfByName = new Map<string, number>();
  for (const department of DEPARTMENTS) {
    for (const shelf of department.shelves) {
      const shelfIndex = shelves.length;
      shelfByName.set(shelf.name, shelfIndex);
      const onShelf: number[] = [];
      const titles = new Set<string>();
      while (onShelf.length < PER_SHELF) {
        const product = makeProduct(random, department, shelf, {
          index: products.length,
          shelfIndex,
          number: onShelf.length + 1,
        });
        if (titles.has(product.title)) continue;
        titles.add(product.title);
        onShelf.push(product.index);
        products.push(product);
      }
      shelves.push(onShelf);
    }
  }
  for (const product of products) {
    const shelf = shelfOf(product);
    product.related = closest(products, shelves[product.shelfIndex]!, product).slice(0, RELATED);
    product.complements = shelf.goesWith.flatMap((name) =>
      closest(products, shelves[shelfByName.get(name)!]!, product).slice(0, COMPLEMENTS_PER_SHELF),
    );
  }
  return { products, shelves };
}

function makeProduct(
  random: Random,
  department: Department,
  shelf: Shelf,
  place: { index: number; shelfIndex: number; number: number },
): Product {
  const noun = shelf.nouns[(place.number - 1) % shelf.nouns.length]!;
  const brand = random.pick(department.brands);
  const quality = random.pick(shelf.qualities ?? department.qualities);
  const material = random.pick(department.materials);
  const colour = random.pick(shelf.colours ?? department.colours);
  const level = random.next();
  const [from, to] = shelf.prices;
  const listPrice = Math.max(1, Math.round(from * (to / from) ** level)) - 0.01;
  const isBook = department.name === 'Books';
  return {
    index: place.index,
    id: `${slug(shelf.name)}-${String(place.number).padStart(2, '0')}`,
    title: isBook ? `${quality} ${noun} (${colour})` : `${brand} ${quality} ${noun}, ${colour}`,
    description: isBook
      ? `${quality} ${noun}, a ${material} from ${brand}. ${department.promise}`
      : `${quality} ${noun.toLowerCase()} by ${brand}: ${material} in ${colour.toLowerCase()}. ${department.promise}`,
    department: department.name,
    shelf: shelf.name,
    shelfIndex: place.shelfIndex,
    noun,
    brand,
    material,
    colour,
    tags: [slug(noun), slug(quality), level > 0.75 ? 'premium' : level < 0.25 ? 'budget' : 'standard'],
    listPrice,
    level,
    complements: [],
    related: [],
    price: listPrice,
    stock: random.between(40, 240),
    isListed: place.number <= LISTED_PER_SHELF,
  };
}

function shelfOf(product: Product): Shelf {
  for (const department of DEPARTMENTS) {
    for (const shelf of department.shelves) if (shelf.name === product.shelf) return shelf;
  }
  throw new RangeError(`no shelf ${product.shelf}`);
}

/** Indexes ordered by closeness in price level, with a bonus for the same noun; the product itself is left out. */
function closest(products: readonly Product[], indexes: readonly number[], product: Product): number[] {
  const distance = (index: number): number => {
    const other = products[index]!;
    return Math.abs(other.level - product.level) - (other.noun === product.noun ? 0.3 : 0);
  };
  return indexes.filter((index) => index !== product.index).sort((a, b) => distance(a) - distance(b) || a - b);
}

/** The catalog record of a product as it is now. */
export function catalogRecord(product: Product, eventId: string, at: number): CatalogItem {
  return {
    eventId,
    itemId: product.id,
    at,
    title: product.title,
    description: product.description,
    categories: [product.department, product.shelf],
    tags: product.tags,
    brand: product.brand,
    price: product.price,
    currency: 'GBP',
    stock: product.stock,
    image: null,
    attributes: { material: product.material, colour: product.colour },
    validFrom: null,
    validTo: null,
    embedding: null,
  };
}

function slug(text: string): string {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[\u0300-\u036f’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
