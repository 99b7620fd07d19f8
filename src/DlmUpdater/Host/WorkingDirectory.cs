namespace DlmUpdater.Host;

/// <summary>The working directory, which may have been deleted under the process, or may not be readable to it.</summary>
internal static class WorkingDirectory
{
    /// <summary>The directory that <paramref name="path"/> starts from: <c>/</c> for an absolute one. Null, and why, for a relative one if
    /// the working directory
    /// is not known.</summary>
    internal static string? For(string path, out string why)
    {
        why = "";
        if (path.StartsWith('/')) return "/";
        try
        {
            return Environment.CurrentDirectory;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"'{path}' is a relative path, and the working directory was deleted or cannot be read: "
                + "use an absolute path, or change to another directory";
            return null;
        }
    }

    /// <summary>The absolute path that <paramref name="path"/> means; null, and why, if that is not known.</summary>
    internal static string? Absolute(string path, out string why) =>
        For(path, out why) is { } directory ? Path.GetFullPath(path, directory) : null;
}
