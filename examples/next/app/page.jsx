export const dynamic = 'force-dynamic'

export default function Page() {
  return <h1>{`port ${process.env.PORT}`}</h1>
}
