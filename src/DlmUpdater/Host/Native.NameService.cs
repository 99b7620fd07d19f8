using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

internal static partial class Native
{
    /// <summary>Where names of hosts and users are looked up: glibc's name service switch.</summary>
    internal static partial class NameService
    {
        /// <summary>Puts <paramref name="services"/> in the place of the line of <c>/etc/nsswitch.conf</c> for <paramref name="database"/>, for this process. Before its first look-up.</summary>
        [LibraryImport(LibC, EntryPoint = "__nss_configure_lookup", StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int Configure(string database, string services);
    }
}
