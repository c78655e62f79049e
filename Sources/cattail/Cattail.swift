internal import ArgumentParser
@main
struct Cattail: ParsableCommand {}
