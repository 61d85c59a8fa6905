/** A file as text, by the bundler. */
declare module '*.css?raw' {
  const text: string
  export default text
}
