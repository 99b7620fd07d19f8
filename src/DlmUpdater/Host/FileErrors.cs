using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>Turns the C library's error numbers into one line that also says what to do.</summary>
internal static class FileErrors
{
    /// <summary>The number of the call that just failed.</summary>
    internal static int Last => Marshal.GetLastPInvokeError();

    /// <summary>The C library's text for <paramref name="errno"/>.</summary>
    internal static string Text(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    /// <summary>The same for what the base library throws: its own text names types and repeats the path.</summary>
    internal static string Text(Exception e) => NumberOf(e) is { } errno ? Text(errno) : "it failed for a reason that the system does not name";

    /// <summary>The number behind what the base library throws for a file; null: there is none.</summary>
    internal static int? NumberOf(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => Native.ENOENT,
        PathTooLongException => Native.ENAMETOOLONG,
        UnauthorizedAccessException { InnerException: { HResult: > 0 and < 4096 and var errno } } => errno,
        UnauthorizedAccessException => Native.EACCES,
        { HResult: > 0 and < 4096 and var errno } => errno,
        _ => null,
    };

    /// <inheritdoc cref="Describe(string, string, int, string)"/>
    internal static string Describe(string verb, string path, Exception e, string setting) =>
        $"cannot {verb} {path}: {Text(e)}: {Advice(NumberOf(e) ?? 0, setting)}";

    /// <summary><c>cannot write /x/state: No space left on device: free space, or set [main] state_dir to another place</c>.</summary>
    /// <param name="verb">What was tried, such as <c>write</c>.</param>
    /// <param name="path">To which file.</param>
    /// <param name="errno">Why it failed.</param>
    /// <param name="setting">The key that moves the file elsewhere, such as <c>[main] state_dir</c>.</param>
    internal static string Describe(string verb, string path, int errno, string setting) =>
        $"cannot {verb} {path}: {Text(errno)}: {Advice(errno, setting)}";

    private static string Advice(int errno, string setting) => errno switch
    {
        Native.ENOSPC or Native.EDQUOT => $"free space, or set {setting} to another place",
        Native.EROFS => $"set {setting} to a writable place",
        Native.EACCES or Native.EPERM => $"run as root, or set {setting} to a place this user may use",
        Native.ENOENT or Native.ENOTDIR or Native.ELOOP => $"mend the path, or set {setting} to another place",
        _ => $"check the file system, or set {setting} to another place",
    };
}
