/**
 * The job types of your server, by name: `config` as it may be given, `outputs` as they come. Empty until a file of yours adds to it,
 * such as the one that `jobwright types` writes. From then on a name that is not among them is a type error.
 *
 * @example
 * ```ts
 * declare module 'jobwright' {
 *   interface JobTypes {
 *     list_images: { config: { folder: string }; outputs: { images: { href: string }[] } }
 *     resize_image: { config: { url: string; width: number }; outputs: { image: { href: string } } }
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: others add to it
export interface JobTypes {}
