internal import FuzzTargets
internal import Glibc

/// Runs the target that `CATTAIL_FUZZ_TARGET` names under libFuzzer, whose options are the arguments.
/// (It is named so, because libFuzzer starts the program anew, with options of its own, to minimise.)
/// `FuzzRunner --list` tells what there is: name, greatest input, sources, separated by tabs.
@main
struct Runner {
    private static let chosen = getenv("CATTAIL_FUZZ_TARGET").flatMap {
        FuzzTarget.named(String(cString: $0))
    }

    static func main() {
        if CommandLine.arguments.dropFirst() == ["--list"] { return list() }
        guard chosen != nil else {
            print("FuzzRunner: CATTAIL_FUZZ_TARGET names no target; see --list")
            exit(2)
        }
        var count = CommandLine.argc
        var values = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &values) { start, count in
                Runner.run(UnsafeRawBufferPointer(start: start, count: count))
                return 0
            })
    }

    private static func run(_ input: UnsafeRawBufferPointer) {
        do { try chosen?.run(input) } catch { fatalError("a claim is broken: \(error)") }
    }

    private static func list() {
        for target in FuzzTarget.all {
            print(
                target.name, target.mostBytes, target.sources.joined(separator: " "),
                separator: "\t")
        }
    }
}

@_extern(c, "LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ values: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
